//! The pages behind one-time links: plain HTML that works without scripts, in each language.
//!
//! Whatever is put into a page is escaped, and keeps its line. A page knows what its link is for and nothing about the
//! person: who holds the link may see it.

use askama::Template;

use domain::Timestamp;
use domain::id::{LockerId, OrderId};
use domain::person::Language;
use domain::size::Size;

use crate::RenderError;
use crate::words::{english, german, one_line};

/// The one style sheet, inside each page. Its digest is what a page's security policy allows.
pub const STYLE: &str = include_str!("../pages/style.css");

/// Where a parcel goes, as people call it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum PlaceName {
    Locker(String),
    Shop(String),
    Home,
    Nowhere,
}

/// A locker that can be chosen.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OfferedLocker {
    pub id: LockerId,
    pub name: String,
    pub distance_m: u32,
    pub size: Size,
    /// When it stops taking orders, where that is planned.
    pub free_until: Option<Timestamp>,
}

/// What the holder of a link may choose, or has chosen.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Choices {
    pub order: OrderId,
    pub place: PlaceName,
    pub lockers: Vec<OfferedLocker>,
    pub shop: Option<String>,
    pub home: bool,
    /// Until when what was chosen can be undone; nothing where nothing was chosen by this link.
    pub undo_until: Option<Timestamp>,
    /// Whether the parcel is on its way, so that it can go elsewhere.
    pub underway: bool,
}

/// Why a page cannot show or do what was asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Trouble {
    NoLink,
    Expired,
    Used,
    NoRoom,
    TooLate,
    NothingChosen,
    TryAgain,
}

impl Trouble {
    /// Whether the same link shows something to choose from.
    fn can_go_back(&self) -> bool {
        match self {
            Trouble::NoRoom | Trouble::TooLate | Trouble::NothingChosen | Trouble::TryAgain => true,
            Trouble::NoLink | Trouble::Expired | Trouble::Used => false,
        }
    }
}

/// The language of a page, for its frame.
struct Words(Language);

impl Words {
    fn lang(&self) -> &'static str {
        match self.0 {
            Language::German => "de",
            Language::English => "en",
        }
    }
}

/// As it is written on the doors.
fn size(size: &Size) -> &'static str {
    match size {
        Size::XS => "XS",
        Size::S => "S",
        Size::M => "M",
        Size::L => "L",
        Size::XL => "XL",
    }
}

macro_rules! pages {
    ($($name:ident $path:literal { $($field:ident: $type:ty),* })*) => {$(
        #[derive(Template)]
        #[template(path = $path)]
        struct $name<'a> {
            words: Words,
            $($field: $type,)*
        }
    )*};
}

pages! {
    GermanChoices "choices.de.html" {
        order: &'a OrderId, place: &'a PlaceName, lockers: &'a [OfferedLocker], shop: &'a Option<String>, home: bool,
        undo_until: &'a Option<Timestamp>, underway: bool
    }
    EnglishChoices "choices.en.html" {
        order: &'a OrderId, place: &'a PlaceName, lockers: &'a [OfferedLocker], shop: &'a Option<String>, home: bool,
        undo_until: &'a Option<Timestamp>, underway: bool
    }
    GermanTrouble "trouble.de.html" { trouble: &'a Trouble }
    EnglishTrouble "trouble.en.html" { trouble: &'a Trouble }
}

/// The page on which a place is chosen, or the choice undone.
///
/// # Errors
/// [`RenderError`] where a value refuses to be written as text, which none of today's does.
pub fn choices_page(choices: &Choices, language: Language) -> Result<String, RenderError> {
    let place = match &choices.place {
        PlaceName::Locker(name) => PlaceName::Locker(one_line(name)),
        PlaceName::Shop(name) => PlaceName::Shop(one_line(name)),
        other => other.clone(),
    };
    let lockers: Vec<OfferedLocker> =
        choices.lockers.iter().map(|it| OfferedLocker { name: one_line(&it.name), ..it.clone() }).collect();
    let shop = choices.shop.as_deref().map(one_line);
    let Choices { order, home, undo_until, underway, .. } = choices;
    let (words, home, underway) = (Words(language), *home, *underway);
    let (place, lockers, shop) = (&place, &lockers[..], &shop);
    let rendered = match language {
        Language::German => GermanChoices { words, order, place, lockers, shop, home, undo_until, underway }.render(),
        Language::English => EnglishChoices { words, order, place, lockers, shop, home, undo_until, underway }.render(),
    };
    rendered.map_err(|source| RenderError { kind: "choices", source })
}

/// The page that says why not.
///
/// # Errors
/// [`RenderError`], as [`choices_page`].
pub fn trouble_page(trouble: Trouble, language: Language) -> Result<String, RenderError> {
    let (words, trouble) = (Words(language), &trouble);
    let rendered = match language {
        Language::German => GermanTrouble { words, trouble }.render(),
        Language::English => EnglishTrouble { words, trouble }.render(),
    };
    rendered.map_err(|source| RenderError { kind: "trouble", source })
}
