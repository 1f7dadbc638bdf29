//! template.yaml, openapi.yaml, asyncapi.yaml, the samples under events/ and the code say the same.

mod devices;
mod failures;
mod functions;
mod lint;
mod permissions;
mod routes;
mod samples;
mod template;
