//! Pages as people see them: in both languages, whatever a name contains, and readable for everybody.

use domain::person::Language;
use domain::size::Size;
use messages::pages::{Choices, OfferedLocker, PlaceName, STYLE, Trouble, choices_page, trouble_page};

const LANGUAGES: [(Language, &str); 2] = [(Language::German, "de"), (Language::English, "en")];

fn offered(id: &str, name: &str) -> OfferedLocker {
    OfferedLocker { id: id.parse().unwrap(), name: name.to_owned(), distance_m: 400, size: Size::M, free_until: None }
}

fn asked(name: &str) -> Choices {
    Choices {
        order: "A-4711".parse().unwrap(),
        place: PlaceName::Nowhere,
        lockers: vec![
            offered("mz-04", name),
            OfferedLocker {
                distance_m: 1_101,
                size: Size::L,
                free_until: Some("2026-11-22T05:00:00Z".parse().unwrap()),
                ..offered("mz-05", "Mombach Marktplatz")
            },
        ],
        shop: Some("Kiosk am Dom".to_owned()),
        home: true,
        undo_until: None,
        underway: true,
    }
}

fn chosen() -> Choices {
    Choices {
        place: PlaceName::Locker("Mombach Marktplatz".to_owned()),
        lockers: vec![],
        shop: None,
        home: false,
        undo_until: Some("2026-11-21T13:45:00Z".parse().unwrap()),
        ..asked("")
    }
}

/// Every page in every state that looks different.
fn every_page(name: &str) -> Vec<(&'static str, String)> {
    let shop = Choices { place: PlaceName::Shop(name.to_owned()), lockers: vec![], ..asked(name) };
    let over = Choices { place: PlaceName::Home, underway: false, ..asked(name) };
    let at = Choices { place: PlaceName::Locker(name.to_owned()), ..asked(name) };
    let choices = [asked(name), chosen(), shop, over, at];
    let troubles = [
        Trouble::NoLink,
        Trouble::Expired,
        Trouble::Used,
        Trouble::NoRoom,
        Trouble::TooLate,
        Trouble::NothingChosen,
        Trouble::TryAgain,
    ];
    let mut pages = Vec::new();
    for (language, code) in LANGUAGES {
        pages.extend(choices.iter().map(|it| (code, choices_page(it, language).unwrap())));
        pages.extend(troubles.iter().map(|it| (code, trouble_page(*it, language).unwrap())));
    }
    pages
}

/// What a page says, without its tags, one blank between words.
fn text(page: &str) -> String {
    let body = &page[page.find("<main>").unwrap()..];
    let mut text = String::new();
    let mut inside = false;
    for c in body.chars() {
        match c {
            '<' => inside = true,
            '>' => (inside, text) = (false, text + " "),
            c if !inside => text.push(c),
            _ => {}
        }
    }
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

#[test]
fn a_customer_who_is_asked_reads_what_there_is_to_choose() {
    assert_eq!(
        text(&choices_page(&asked("Mainz Hauptbahnhof"), Language::German).unwrap()),
        "Wohin soll Ihr Paket? Bestellung A-4711. Es hat zurzeit keinen Ort. Bis Sie wählen, halten wir es für Sie \
         zurück. Wählen Sie einen anderen Ort Mainz Hauptbahnhof 400 m vom bisherigen Paketautomaten, Fachgröße M, \
         jetzt frei Mombach Marktplatz 1,1 km vom bisherigen Paketautomaten, Fachgröße L, frei bis So., 22.11., 06:00 \
         Uhr Kiosk am Dom Paketshop; bitte bringen Sie einen Ausweis mit Lieferung nach Hause Diesen Ort wählen Freie \
         Fächer werden nicht vorgehalten: Es gilt, wer zuerst wählt. Danach können Sie Ihre Wahl 15 Minuten lang \
         rückgängig machen. This page in English"
    );
    assert_eq!(
        text(&choices_page(&asked("Mainz Hauptbahnhof"), Language::English).unwrap()),
        "Where should your parcel go? Order A-4711. It has no place at present. Until you choose, we hold it for you. \
         Choose another place Mainz Hauptbahnhof 400 m from the locker so far, compartment size M, free now Mombach \
         Marktplatz 1.1 km from the locker so far, compartment size L, free until Sun 22 Nov, 06:00 Kiosk am Dom Shop; \
         please bring an identity card Delivery to your door Choose this place Free compartments are not kept for you: \
         whoever chooses first gets them. After that you can undo your choice for 15 minutes. Diese Seite auf Deutsch"
    );
}

#[test]
fn a_customer_who_has_chosen_reads_what_and_until_when_that_can_be_undone() {
    assert_eq!(
        text(&choices_page(&chosen(), Language::German).unwrap()),
        "Ihre Wahl gilt Bestellung A-4711. Es geht zum Paketautomaten Mombach Marktplatz. Sie müssen nichts weiter tun. \
         Bis Sa., 21.11., 14:45 Uhr können Sie Ihre Wahl rückgängig machen. Wahl rückgängig machen This page in English"
    );
    assert_eq!(
        text(&choices_page(&chosen(), Language::English).unwrap()),
        "Your choice is set Order A-4711. It goes to the locker Mombach Marktplatz. You need to do nothing more. Until \
         Sat 21 Nov, 14:45 you can undo your choice. Undo the choice Diese Seite auf Deutsch"
    );
}

#[test]
fn a_name_is_text_whatever_it_contains() {
    let name = "</small><script>alert(1)</script>\" onfocus='x' \u{202e}& {{ 7*7 }}\r\nX";
    for (_, page) in every_page(name) {
        assert!(!page.contains("<script") && !page.contains("onfocus='") && !page.contains("\u{202e}"), "{page}");
    }
    let shown = choices_page(&asked(name), Language::English).unwrap();
    let escaped =
        "&#60;/small&#62;&#60;script&#62;alert(1)&#60;/script&#62;&#34; onfocus=&#39;x&#39; &#38; {{ 7*7 }} X";
    assert!(shown.contains(escaped), "{shown}");
}

#[test]
fn every_page_can_be_read_and_used_by_everybody() {
    for (language, page) in every_page("Mainz Hauptbahnhof") {
        assert!(page.starts_with("<!doctype html>"), "{page}");
        assert!(page.contains(&format!("<html lang=\"{language}\">")));
        assert_eq!((page.matches("<h1>").count(), page.matches("<main>").count()), (1, 1));
        assert!(page.contains("<title>") && !page.contains("<title></title>"));
        assert!(page.contains("name=\"viewport\" content=\"width=device-width, initial-scale=1\""));
        // Every control has a label of its own, or is a button with a text.
        let ids: Vec<&str> = page.split("<input ").skip(1).map(|it| attribute(it, "id")).collect();
        for id in &ids {
            assert_eq!(page.matches(&format!("<label for=\"{id}\">")).count(), 1, "{id}");
        }
        assert!(ids.is_empty() || page.contains("<legend>"));
        for button in page.split("<button ").skip(1) {
            let label = button.split('>').nth(1).unwrap().split('<').next().unwrap();
            assert!(!label.trim().is_empty());
        }
        // Nothing but what the page's security policy allows: no scripts, no styles of elements, nothing from elsewhere.
        for forbidden in ["<script", " style=", " on", "javascript:", "http://", "https://", "src=", "<img", "@import"]
        {
            let tags: Vec<&str> = page.split('<').skip(1).map(|it| it.split('>').next().unwrap()).collect();
            assert!(tags.iter().all(|it| !format!("<{it}").contains(forbidden)), "{forbidden}");
        }
        assert!(page.contains(STYLE));
        assert!(!STYLE.contains("url(") && !STYLE.contains("@import"));
    }
}

fn attribute<'a>(tag: &'a str, name: &str) -> &'a str {
    tag.split(&format!(" {name}=\"")).nth(1).unwrap_or_else(|| panic!("{tag}")).split('"').next().unwrap()
}

/// Contrast as WCAG 2.2 defines it.
fn contrast(first: &str, second: &str) -> f64 {
    let luminance = |colour: &str| {
        let digits = if colour.len() == 3 { colour.chars().flat_map(|c| [c, c]).collect() } else { colour.to_owned() };
        let channel = |at: usize| {
            let value = f64::from(u8::from_str_radix(&digits[at..at + 2], 16).unwrap()) / 255.0;
            if value <= 0.04045 { value / 12.92 } else { ((value + 0.055) / 1.055).powf(2.4) }
        };
        0.2126 * channel(0) + 0.7152 * channel(2) + 0.0722 * channel(4)
    };
    let (a, b) = (luminance(first), luminance(second));
    (a.max(b) + 0.05) / (a.min(b) + 0.05)
}

#[test]
fn every_colour_of_text_stands_out_by_seven_to_one() {
    let colours: Vec<&str> = STYLE.split(" color: #").skip(1).map(|it| it.split(';').next().unwrap()).collect();
    assert_eq!(colours, ["1b1b1b", "454545", "fff", "0b4f8a"]);
    for colour in ["1b1b1b", "454545", "0b4f8a"] {
        assert!(contrast(colour, "fff") >= 7.0, "{colour}: {}", contrast(colour, "fff"));
    }
    assert!(contrast("6b6b6b", "fff") >= 3.0 && contrast("b35900", "fff") >= 3.0, "borders and focus");
}
