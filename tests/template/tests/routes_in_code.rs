//! The routes the functions answer are those the template sends to them.

#[allow(dead_code, reason = "shared with the tests of the template, which use more of it")]
#[path = "it/template.rs"]
mod template;

use std::collections::BTreeSet;

use template::{Template, binary};

#[test]
fn every_route_of_the_template_is_answered_by_its_function_and_no_other_is() {
    let answered: BTreeSet<(String, String)> =
        functions::routes().into_iter().map(|(function, key)| (function.to_owned(), key.to_owned())).collect();
    let routed: BTreeSet<(String, String)> =
        Template::read().routes().into_iter().map(|it| (binary(&it.function), it.key)).collect();
    assert_eq!(answered, routed);
}
