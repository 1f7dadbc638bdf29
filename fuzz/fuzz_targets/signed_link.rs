//! Tokens of signed links. First byte: what is done with the rest.
#![no_main]

use aws::link::{InvalidLink, LinkSigner, VALID_FOR};
use base64::Engine;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use domain::SignedDuration;
use domain::notice::LinkPurpose;
use fuzz::at;
use fuzz::network::{LINK_SECRET, signer};
use libfuzzer_sys::fuzz_target;
use ring::hmac;

/// A purpose, from a text that gives its order and a number that gives its epoch.
fn purpose(order: &str, epoch: u8) -> Option<LinkPurpose> {
    let order = order.parse().ok()?;
    Some(match epoch {
        0 => LinkPurpose::GiveFeedback { order },
        epoch => LinkPurpose::ChoosePlace { order, place_epoch: u32::from(epoch) << (epoch % 25) },
    })
}

/// A link opens as what it was signed for until its time is over, and nowhere else.
fn comes_back(purpose: &LinkPurpose) -> String {
    let token = signer().sign(purpose, at(0));
    let last = at(0) + VALID_FOR - SignedDuration::from_secs(1);
    assert_eq!(signer().open(&token, at(0)).as_ref(), Ok(purpose));
    assert_eq!(signer().open(&token, last).as_ref(), Ok(purpose));
    assert_eq!(signer().open(&token, at(0) + VALID_FOR), Err(InvalidLink::Expired));
    let elsewhere = LinkSigner::new("another secret of 32 characters!!").expect("it is long enough");
    assert_eq!(elsewhere.open(&token, at(0)), Err(InvalidLink::Altered));
    token
}

fuzz_target!(|input: &[u8]| {
    let Some((what, rest)) = input.split_first() else { return };
    match what % 4 {
        // Nothing here was signed.
        0 => {
            let Ok(token) = std::str::from_utf8(rest) else { return };
            assert_eq!(signer().open(token, at(0)), Err(InvalidLink::Altered));
        }
        1 => {
            let [epoch, order @ ..] = rest else { return };
            let Some(purpose) = std::str::from_utf8(order).ok().and_then(|order| purpose(order, *epoch)) else {
                return;
            };
            comes_back(&purpose);
        }
        // One part of a signed token is replaced.
        2 => {
            let [from, length, with @ ..] = rest else { return };
            let Ok(with) = std::str::from_utf8(with) else { return };
            let token = comes_back(&purpose("o-1001", 2).expect("a purpose"));
            let from = usize::from(*from) % token.len();
            let to = (from + usize::from(*length)).min(token.len());
            let altered = format!("{}{with}{}", &token[..from], &token[to..]);
            if altered != token {
                assert_eq!(signer().open(&altered, at(0)), Err(InvalidLink::Altered), "{altered}");
            }
        }
        // What was signed with our secret and says anything: by a later version, say.
        _ => {
            let key = hmac::Key::new(hmac::HMAC_SHA256, LINK_SECRET.as_bytes());
            let body = BASE64_URL_SAFE_NO_PAD.encode(rest);
            let signature = BASE64_URL_SAFE_NO_PAD.encode(hmac::sign(&key, body.as_bytes()));
            if let Ok(purpose) = signer().open(&format!("{body}.{signature}"), at(0)) {
                comes_back(&purpose);
            }
        }
    }
});
