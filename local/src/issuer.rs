//! The identity provider of this machine: gives people the tokens that the API's authoriser checks.

use std::time::Duration;

use anyhow::{Context, Result};
use axum::routing::get;
use axum::{Json, Router};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jiff::Timestamp;
use rsa::RsaPrivateKey;
use rsa::pkcs1v15::SigningKey;
use rsa::rand_core::OsRng;
use rsa::sha2::Sha256;
use rsa::signature::{SignatureEncoding, Signer};
use rsa::traits::PublicKeyParts;
use serde_json::{Value, json};

/// The audience the API expects.
pub const AUDIENCE: &str = "locker-care";
const KEY_ID: &str = "local";
const KEY_BITS: usize = 2048;
/// The authoriser takes no token from the future, by not even a second.
const ISSUED_AGO_SECONDS: i64 = 5;

/// Who somebody is to the API: what a token allows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Role {
    Operator,
    Courier,
    Customer,
    Technician,
    Support,
}

impl Role {
    /// Every role.
    pub const ALL: [Role; 5] = [Role::Operator, Role::Courier, Role::Customer, Role::Technician, Role::Support];

    /// The scopes its tokens carry.
    pub fn scope(self) -> &'static str {
        match self {
            Role::Operator => "network:operate",
            Role::Courier => "deposits:authorise",
            Role::Customer => "orders:own",
            Role::Technician => "work-orders:repair",
            Role::Support => "cases:decide support:act support:read",
        }
    }

    /// What it is called.
    pub fn name(self) -> &'static str {
        match self {
            Role::Operator => "operator",
            Role::Courier => "courier",
            Role::Customer => "customer",
            Role::Technician => "technician",
            Role::Support => "support",
        }
    }
}

/// Signs tokens with a key of its own, made for one run.
#[derive(Clone)]
pub struct Issuer {
    url: String,
    key: SigningKey<Sha256>,
    published: Value,
}

impl Issuer {
    /// Makes the key. `url` is where [`Issuer::routes`] are served.
    pub fn new(url: String) -> Result<Self> {
        let key = RsaPrivateKey::new(&mut OsRng, KEY_BITS).context("cannot make a key for tokens")?;
        let number = |number: &rsa::BigUint| URL_SAFE_NO_PAD.encode(number.to_bytes_be());
        let published = json!({"keys": [{
            "kty": "RSA", "use": "sig", "alg": "RS256", "kid": KEY_ID, "n": number(key.n()), "e": number(key.e()),
        }]});
        Ok(Self { url, key: SigningKey::new(key), published })
    }

    /// The address that tokens name as their issuer.
    pub fn url(&self) -> &str {
        &self.url
    }

    /// A token for one person in one role.
    pub fn token(&self, role: Role, person: &str, valid_for: Duration) -> Result<String> {
        let now = Timestamp::now().as_second();
        let valid_for = i64::try_from(valid_for.as_secs()).context("a token cannot be valid that long")?;
        self.sign(&json!({
            "iss": self.url,
            "sub": person,
            "aud": AUDIENCE,
            "scope": role.scope(),
            "iat": now - ISSUED_AGO_SECONDS,
            "exp": now + valid_for,
        }))
    }

    /// A token with these very claims, however wrong they are.
    pub fn sign(&self, claims: &Value) -> Result<String> {
        let header = json!({"alg": "RS256", "typ": "JWT", "kid": KEY_ID});
        let encode = |part: &Value| URL_SAFE_NO_PAD.encode(part.to_string());
        let message = format!("{}.{}", encode(&header), encode(claims));
        let signature = self.key.try_sign(message.as_bytes()).context("cannot sign a token")?;
        Ok(format!("{message}.{}", URL_SAFE_NO_PAD.encode(signature.to_bytes())))
    }

    /// What the authoriser reads: the discovery document and the public key.
    pub fn routes(&self) -> Router {
        let discovery = json!({"issuer": self.url, "jwks_uri": format!("{}/keys.json", self.url)});
        let keys = self.published.clone();
        Router::new()
            .route("/.well-known/openid-configuration", get(async move || Json(discovery.clone())))
            .route("/keys.json", get(async move || Json(keys.clone())))
    }
}

#[cfg(test)]
mod tests {
    use rsa::pkcs1v15::{Signature, VerifyingKey};
    use rsa::signature::Verifier;

    use super::*;

    fn decode(part: &str) -> Value {
        serde_json::from_slice(&URL_SAFE_NO_PAD.decode(part).unwrap()).unwrap()
    }

    #[test]
    fn a_token_says_who_may_do_what_until_when_and_the_published_key_proves_it() {
        let issuer = Issuer::new("http://127.0.0.1:1/issuer".to_owned()).unwrap();
        let before = Timestamp::now().as_second();
        let token = issuer.token(Role::Support, "anna", Duration::from_secs(60)).unwrap();
        let [header, claims, signature] = token.split('.').collect::<Vec<_>>().try_into().unwrap();

        assert_eq!(decode(header), json!({"alg": "RS256", "typ": "JWT", "kid": "local"}));
        let claims_read = decode(claims);
        assert_eq!(claims_read["iss"], "http://127.0.0.1:1/issuer");
        assert_eq!(claims_read["sub"], "anna");
        assert_eq!(claims_read["aud"], "locker-care");
        assert_eq!(claims_read["scope"], "cases:decide support:act support:read");
        assert!(claims_read["iat"].as_i64().unwrap() < before);
        assert!((before + 60..before + 70).contains(&claims_read["exp"].as_i64().unwrap()));

        let key = &issuer.published["keys"][0];
        let number =
            |name: &str| rsa::BigUint::from_bytes_be(&URL_SAFE_NO_PAD.decode(key[name].as_str().unwrap()).unwrap());
        let published = rsa::RsaPublicKey::new(number("n"), number("e")).unwrap();
        let verifying = VerifyingKey::<Sha256>::new(published);
        let signature = Signature::try_from(&*URL_SAFE_NO_PAD.decode(signature).unwrap()).unwrap();
        verifying.verify(format!("{header}.{claims}").as_bytes(), &signature).unwrap();
        verifying.verify(format!("{header}.{claims}x").as_bytes(), &signature).unwrap_err();
    }

    #[test]
    fn no_two_roles_may_do_the_same() {
        let scopes: std::collections::BTreeSet<_> = Role::ALL.iter().map(|role| role.scope()).collect();
        assert_eq!(scopes.len(), Role::ALL.len());
    }
}
