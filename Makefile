# What `sam build` calls, once for each function: see Metadata in template.yaml.
TARGET ?= aarch64-unknown-linux-gnu
CARGO ?= cargo
# FaultIntakeFunction -> fault_intake
binary = $(shell echo $(1) | sed -E 's/Function$$//; s/([a-z])([A-Z])/\1_\2/g' | tr A-Z a-z)

build-%Function:
	$(CARGO) build --release --locked --package functions --bin $(call binary,$*Function) --target $(TARGET)
	cp target/$(TARGET)/release/$(call binary,$*Function) $(ARTIFACTS_DIR)/bootstrap
