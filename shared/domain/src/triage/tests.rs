use proptest::prelude::*;

use super::*;
use crate::testing::ratings;

/// By its text alone.
fn read(text: &str) -> Triage {
    triage(&[].into(), ratings(3, 3, 3, 3), text)
}

/// The categories it is sure of.
fn sure(text: &str) -> Vec<Category> {
    let judged = read(text);
    if judged.unsure { vec![] } else { [&[judged.category], judged.further.as_slice()].concat() }
}

#[test]
fn what_is_denied_is_not_complained_of() {
    for text in [
        "nicht beschädigt",
        "war nicht wirklich beschädigt",
        "ohne Kratzer",
        "kein einziger Kratzer, keine Delle",
        "weder kaputt noch nass",
        "beschädigt war es zum Glück nicht",
        "not damaged at all",
        "neither broken nor wet",
        "no scratches or dents",
        "it wasn't damaged",
        "nobody was injured",
        "niemand wurde verletzt",
        "nie unfreundlich",
        "was never rude",
    ] {
        assert_eq!(sure(text), [], "{text}: {:?}", read(text).grounds);
    }
}

#[test]
fn a_denial_reaches_no_further_than_its_clause_and_not_beyond_what_turns_it() {
    use Category::*;
    for (text, expected) in [
        ("nicht beschädigt, aber zu spät", vec![Delay]),
        ("nicht zu spät aber kaputt", vec![Damage]),
        ("not damaged but late", vec![Delay]),
        ("nicht nur kaputt", vec![Damage]),
        ("not only late", vec![Delay]),
        ("nicht ohne Kratzer", vec![Damage]),
        ("Habe nie so einen unfreundlichen Fahrer gehabt", vec![Conduct]),
        ("I have never met such a rude driver", vec![Conduct]),
        ("don't know why it is late", vec![Delay]),
        ("nicht zum ersten Mal zu spät", vec![Delay]),
        ("Ich will das nicht. Kaputt!", vec![Damage]),
    ] {
        assert_eq!(sure(text), expected, "{text}: {:?}", read(text).grounds);
    }
}

#[test]
fn a_denial_that_is_itself_the_complaint_is_no_denial() {
    for text in ["nicht angekommen", "never received it", "nichts bekommen"] {
        assert_eq!(sure(text), [Category::Missing], "{text}");
    }
    assert_eq!(sure("Die Tür geht nicht auf"), [Category::LockerFault]);
    assert_eq!(sure("he did not ring"), [Category::Conduct]);
}

#[test]
fn of_several_readings_the_longer_one_counts() {
    assert_eq!(sure("Tür kaputt"), [Category::LockerFault]);
    assert_eq!(sure("Tasse kaputt"), [Category::Damage]);
    assert_eq!(sure("Tür kaputt. Tasse kaputt."), [Category::Damage, Category::LockerFault]);
}

#[test]
fn the_worst_of_several_is_the_main_one_and_safety_goes_before_all() {
    let judged = read("Zwei Tage zu spät, der Karton zerdrückt, und an der Tür habe ich mir die Hand aufgeschnitten");
    assert_eq!(judged.category, Category::PrivacyOrSafety);
    assert_eq!(judged.further, [Category::Damage, Category::Delay]);
    assert_eq!(judged.severity, CaseSeverity::Critical);
}

#[test]
fn lesser_matters_are_grave_where_medicine_lawyers_or_repetition_are_named() {
    for (text, severity) in [
        ("zu spät", CaseSeverity::Minor),
        ("meine Medikamente kamen zu spät", CaseSeverity::Serious),
        ("zum dritten Mal zu spät", CaseSeverity::Serious),
        ("late, you will hear from my lawyer", CaseSeverity::Serious),
        ("late, but I won't need a lawyer", CaseSeverity::Serious),
        ("late, no lawyer needed", CaseSeverity::Minor),
    ] {
        assert_eq!(read(text).severity, severity, "{text}");
    }
}

#[test]
fn nothing_said_is_left_to_a_person() {
    for text in ["", "   ", "???", "👎", "schlecht", "call me", "\u{0}\u{200b}", "....", "1234567890"] {
        let judged = read(text);
        assert!(judged.unsure, "{text}: {:?}", judged.grounds);
        assert_eq!((judged.category, judged.severity), (Category::Other, CaseSeverity::Minor));
    }
}

#[test]
fn what_the_customer_names_is_a_category_whatever_the_text_says() {
    let named: BTreeSet<Category> = [Category::Delay].into();
    let judged = triage(&named, ratings(3, 3, 3, 3), "nicht beschädigt");
    assert_eq!((judged.category, judged.unsure), (Category::Delay, false));
    let judged = triage(&named, ratings(3, 3, 3, 3), "The driver insulted me");
    assert_eq!((judged.category, judged.further), (Category::Conduct, vec![Category::Delay]));
    let judged = triage(&[Category::Other].into(), ratings(3, 3, 3, 3), "");
    assert_eq!((judged.category, judged.unsure), (Category::Other, true), "who names other has not said what");
}

#[test]
fn a_bad_rating_decides_only_together_with_a_hint() {
    let bad_driver = ratings(3, 3, 3, 1);
    let hint = "hat mich ignoriert";
    assert!(read(hint).unsure);
    let judged = triage(&[].into(), bad_driver, hint);
    assert_eq!((judged.category, judged.unsure), (Category::Conduct, false));
    let judged = triage(&[].into(), bad_driver, "");
    assert_eq!((judged.category, judged.unsure), (Category::Conduct, true), "likely, and for a person to say");
    let judged = triage(&[].into(), ratings(1, 1, 1, 1), "");
    assert_eq!((judged.category, judged.unsure), (Category::Other, true), "any of three");
}

#[test]
fn a_guess_makes_nothing_grave_unless_it_may_be_about_somebodys_safety() {
    let guess = |text: &str| (read(text).unsure, read(text).category, read(text).severity);
    assert_eq!(guess("leer"), (true, Category::Missing, CaseSeverity::Minor));
    assert_eq!(guess("ich habe Angst"), (true, Category::PrivacyOrSafety, CaseSeverity::Serious));
}

#[test]
fn the_words_that_decided_can_be_shown() {
    let judged =
        triage(&[Category::Delay].into(), ratings(3, 1, 3, 3), "Ärgerlich: Zu spät, nicht beschädigt. Anwalt!");
    let expected = vec![
        Ground::Named { category: Category::Delay },
        Ground::Said { category: Category::Delay, words: "Zu spät".to_owned(), from: 11, until: 18 },
        Ground::Denied { category: Category::Damage, words: "beschädigt".to_owned(), from: 26, until: 36 },
        Ground::Grave { words: "Anwalt".to_owned(), from: 38, until: 44 },
        Ground::Rated { category: Category::Damage },
    ];
    assert_eq!(judged.grounds, expected);
}

#[test]
fn words_without_end_are_not_kept_whole() {
    let judged = read(&format!("verspätet{}", "x".repeat(3_000)));
    let Ground::Said { words, from, until, .. } = &judged.grounds[0] else { panic!("{judged:?}") };
    assert_eq!((words.chars().count(), *from, *until), (80, 0, 3_009));
}

#[test]
fn one_mistake_drawn_out_letters_and_other_letters_change_nothing() {
    for text in ["Paket beschedigt", "BESCHÄDIGT", "beschaedigt", "bescha\u{308}digt", "beschääädigt"] {
        assert_eq!(sure(text), [Category::Damage], "{text}");
    }
    for text in ["Es hat gut gerochen", "ihr solltet euch schämen", "I attached a photo", "das ist strange", "versetzt"]
    {
        assert_eq!(sure(text), [], "{text}: {:?}", read(text).grounds);
    }
}

#[test]
fn the_same_hint_again_is_no_second_one() {
    assert!(read("angst angst angst angst").unsure);
}

#[test]
fn the_rules_name_only_groups_that_exist_and_no_pattern_is_empty() {
    let mut patterns = 0;
    for pattern in RULES.iter().flat_map(|rule| rule.patterns.lines()).flat_map(|line| line.split(',')) {
        let steps: Vec<&str> = pattern.split_whitespace().collect();
        patterns += usize::from(!steps.is_empty());
        assert!(steps.first() != Some(&"..") && steps.last() != Some(&".."), "{pattern}");
        for written in steps.iter().flat_map(|step| step.split('|')) {
            assert!(!written.trim_matches('*').is_empty(), "{pattern}");
            if let Some(name) = written.strip_prefix('@') {
                assert!(GROUPS.iter().any(|(group, _)| *group == name), "{pattern}");
            }
        }
    }
    assert!(patterns > 1_000, "{patterns}");
}

#[test]
fn words_that_are_compared_as_they_stand_are_written_as_they_are_compared() {
    for list in [DENYING, NOT_DENIED_BEYOND, TAKEN_BACK_BY, rules::NO_MISTAKES] {
        for word in list.split_whitespace() {
            assert_eq!(words::fold(word), word);
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn any_text_is_judged_and_its_grounds_are_words_of_it(text in r"(\PC|zu spät |not |Tür |klemmt|, ){0,100}") {
        let judged = read(&text);
        let chars: Vec<char> = text.chars().collect();
        prop_assert!(judged.grounds.len() <= GROUNDS_MAX);
        prop_assert!(!judged.further.contains(&judged.category));
        for ground in &judged.grounds {
            let (Ground::Said { words, from, until, .. }
            | Ground::Denied { words, from, until, .. }
            | Ground::Grave { words, from, until }) = ground else { continue };
            let cut: String = chars[usize::from(*from)..usize::from(*until)].iter().take(WORDS_CHARS_MAX).collect();
            prop_assert_eq!(&cut, words);
        }
    }

    #[test]
    fn naming_more_never_makes_it_lesser(text in "[a-zäöü ]{0,80}", nth in 0_usize..8) {
        let named = triage(&[Category::ALL[nth]].into(), ratings(3, 3, 3, 3), &text);
        prop_assert!(named.severity >= read(&text).severity || read(&text).unsure);
    }
}
