//! One-time signed links: what lets a customer act without signing in.
//!
//! A link says what it is for and until when, and is signed. That it is used once is not kept here: the state it
//! acts on knows whether it has been acted on.

use base64::Engine;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use domain::id::LockerId;
use domain::notice::LinkPurpose;
use domain::order::{Order, OrderStatus};
use domain::{SignedDuration, Timestamp};
use ring::hmac;
use serde::{Deserialize, Serialize};

/// For how long a link works: as long as a parcel waits at the most (7 days), and a week to think about it.
pub const VALID_FOR: SignedDuration = SignedDuration::from_hours(24 * 14);

/// The longest token that is looked at. Ours have some 200 characters.
const TOKEN_LENGTH_MAX: usize = 1_024;

/// The shortest secret that is accepted, in bytes: the length of the signature (RFC 2104 advises no less).
const SECRET_LENGTH_MIN: usize = 32;

/// How many digits an access code has: what people type at a door. A device locks its keypad long before a million tries.
const CODE_DIGITS: u32 = 6;

/// Signs links, and knows its own again; makes access codes.
#[derive(Debug, Clone)]
pub struct LinkSigner {
    key: hmac::Key,
}

/// Why a link is not accepted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum InvalidLink {
    #[error("this is not one of our links")]
    Altered,
    #[error("this link has expired")]
    Expired,
}

#[derive(Serialize, Deserialize)]
struct Claims {
    purpose: LinkPurpose,
    expires_at: i64,
}

impl LinkSigner {
    /// A signer with this secret; nothing where the secret is too short to be one.
    pub fn new(secret: &str) -> Option<Self> {
        (secret.len() >= SECRET_LENGTH_MIN).then(|| Self { key: hmac::Key::new(hmac::HMAC_SHA256, secret.as_bytes()) })
    }

    /// The token for a link that is sent at `now`.
    pub fn sign(&self, purpose: &LinkPurpose, now: Timestamp) -> String {
        let claims = Claims { purpose: purpose.clone(), expires_at: (now + VALID_FOR).as_second() };
        let claims = serde_json::to_vec(&claims).expect("claims are a map with text keys");
        let body = BASE64_URL_SAFE_NO_PAD.encode(claims);
        let signature = BASE64_URL_SAFE_NO_PAD.encode(hmac::sign(&self.key, body.as_bytes()));
        format!("{body}.{signature}")
    }

    /// The key of a locker's access codes: who has it can tell the codes of that locker, and of no other.
    fn code_key(&self, locker: &LockerId) -> hmac::Key {
        // A line break is in no token, so that neither is ever taken for the other.
        let of_locker = hmac::sign(&self.key, format!("access codes of\n{locker}").as_bytes());
        hmac::Key::new(hmac::HMAC_SHA256, of_locker.as_ref())
    }

    /// The code that opens the door to an order's parcel, as long as it waits there. It is kept nowhere: it follows from
    /// the order, the locker and how often the parcel has moved, so that a code opens nothing after the next move.
    pub fn access_code(&self, order: &Order) -> Option<String> {
        let (locker, _) = order.compartment().filter(|_| order.status == OrderStatus::Deposited)?;
        let asked = format!("{}\n{}", order.id, order.place_epoch);
        let digest = hmac::sign(&self.code_key(locker), asked.as_bytes());
        let number = digest.as_ref().iter().take(8).fold(0_u64, |number, byte| number << 8 | u64::from(*byte));
        Some(format!("{:0width$}", number % 10_u64.pow(CODE_DIGITS), width = CODE_DIGITS as usize))
    }

    /// What a token is for.
    ///
    /// # Errors
    /// [`InvalidLink`]: it is not ours, or its time is over.
    pub fn open(&self, token: &str, now: Timestamp) -> Result<LinkPurpose, InvalidLink> {
        if token.len() > TOKEN_LENGTH_MAX {
            return Err(InvalidLink::Altered);
        }
        let (body, signature) = token.split_once('.').ok_or(InvalidLink::Altered)?;
        let signature = BASE64_URL_SAFE_NO_PAD.decode(signature).map_err(|_| InvalidLink::Altered)?;
        hmac::verify(&self.key, body.as_bytes(), &signature).map_err(|_| InvalidLink::Altered)?;
        let claims = BASE64_URL_SAFE_NO_PAD.decode(body).map_err(|_| InvalidLink::Altered)?;
        let claims: Claims = serde_json::from_slice(&claims).map_err(|_| InvalidLink::Altered)?;
        if now.as_second() >= claims.expires_at {
            return Err(InvalidLink::Expired);
        }
        Ok(claims.purpose)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn signer() -> LinkSigner {
        LinkSigner::new("a secret of thirty-two characters").unwrap()
    }

    fn purpose() -> LinkPurpose {
        LinkPurpose::ChoosePlace { order: "o-1".parse().unwrap(), place_epoch: 2 }
    }

    fn now() -> Timestamp {
        "2026-11-21T10:00:00Z".parse().unwrap()
    }

    #[test]
    fn a_link_opens_as_what_it_was_signed_for_until_its_time_is_over() {
        let token = signer().sign(&purpose(), now());
        assert_eq!(signer().open(&token, now()), Ok(purpose()));
        let last = now() + VALID_FOR - SignedDuration::from_secs(1);
        assert_eq!(signer().open(&token, last), Ok(purpose()));
        assert_eq!(signer().open(&token, now() + VALID_FOR), Err(InvalidLink::Expired));
    }

    #[test]
    fn an_altered_link_is_refused_wherever_it_was_altered() {
        let token = signer().sign(&purpose(), now());
        for at in 0..token.len() {
            let mut altered = token.clone().into_bytes();
            altered[at] = if altered[at] == b'A' { b'B' } else { b'A' };
            let altered = String::from_utf8(altered).unwrap();
            assert_eq!(signer().open(&altered, now()), Err(InvalidLink::Altered), "{altered}");
        }
        for token in ["", ".", "a.b", &"x".repeat(2_000)] {
            assert_eq!(signer().open(token, now()), Err(InvalidLink::Altered));
        }
    }

    #[test]
    fn a_link_of_another_network_is_refused() {
        let other = LinkSigner::new("another secret of 32 characters!!").unwrap();
        assert_eq!(other.open(&signer().sign(&purpose(), now()), now()), Err(InvalidLink::Altered));
    }

    #[test]
    fn a_short_secret_is_none() {
        assert!(LinkSigner::new("short").is_none());
    }
}
