//! What stands in a slot: names, places, dates, products and titles, the last third of every list held out for testing.

use candle_mixup::random::Stream;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Slot {
    Person,
    Place,
    Date,
    Product,
    Title,
}

impl Slot {
    /// The slot that a word of a template names: `{person}`.
    pub fn named(word: &str) -> Option<Self> {
        let all = [
            Self::Person,
            Self::Place,
            Self::Date,
            Self::Product,
            Self::Title,
        ];
        all.into_iter()
            .find(|slot| word == format!("{{{}}}", slot.name()))
    }

    pub fn name(self) -> &'static str {
        match self {
            Self::Person => "person",
            Self::Place => "place",
            Self::Date => "date",
            Self::Product => "product",
            Self::Title => "title",
        }
    }
}

/// A value of a slot, from the part of each list that is held out or from the other.
pub fn value(slot: Slot, held_out: bool, draw: &mut Stream) -> String {
    let mut from = |list: &[&str]| {
        let known = list.len() - list.len() / 3;
        let place = match held_out {
            true => known + draw.below(list.len() - known),
            false => draw.below(known),
        };
        list[place].to_string()
    };
    match slot {
        Slot::Person => match from(&["given", "both", "given", "given", "both", "both"]).as_str() {
            "given" => from(GIVEN),
            _ => format!("{} {}", from(GIVEN), from(FAMILY)),
        },
        Slot::Place => from(PLACES),
        Slot::Date => from(DATES),
        Slot::Product => match from(&["two", "one", "two", "two", "one", "two"]).as_str() {
            "one" => from(GOODS),
            _ => format!("{} {}", from(KINDS), from(GOODS)),
        },
        Slot::Title => match from(&["of", "a", "the", "of", "the", "a"]).as_str() {
            "of" => format!("{} of {}", from(THINGS), from(THINGS)),
            "the" => format!("the {} {}", from(KINDS), from(THINGS)),
            _ => format!("{} {}", from(KINDS), from(THINGS)),
        },
    }
}

/// Some are also months, places or things.
const GIVEN: &[&str] = &[
    "anna",
    "april",
    "austin",
    "ben",
    "carla",
    "charlotte",
    "david",
    "elena",
    "florence",
    "grace",
    "hugo",
    "irene",
    "jack",
    "june",
    "karim",
    "laura",
    "milan",
    "nadia",
    "omar",
    "paris",
    "rosa",
    "sam",
    "tara",
    "victor",
    "will",
    "yusuf",
    "zoe",
    "dakota",
    "faith",
    "ginger",
    "may",
    "olive",
    "pearl",
    "ravi",
    "sydney",
    "summer",
    "theo",
    "wendy",
    "xavier",
];

const FAMILY: &[&str] = &[
    "baker", "berlin", "brooks", "castillo", "chen", "cook", "diaz", "field", "fischer", "garcia",
    "hill", "ito", "jackson", "khan", "lake", "lincoln", "moreau", "novak", "okafor", "park",
    "rossi", "stone", "taylor", "wood", "banks", "carter", "forest", "gupta", "knight", "marsh",
    "monday", "nguyen", "page", "rivers", "santos", "winter",
];

const PLACES: &[&str] = &[
    "amsterdam",
    "austin",
    "baker street",
    "berlin",
    "boston",
    "cape town",
    "charlotte",
    "chicago",
    "dover",
    "east harbour",
    "florence",
    "geneva",
    "green lake",
    "jackson",
    "kyoto",
    "lima",
    "lincoln",
    "lisbon",
    "milan",
    "new haven",
    "north station",
    "oslo",
    "paris",
    "park avenue",
    "porto",
    "riverside",
    "rome",
    "san marino",
    "silver springs",
    "the old mill",
    "bath",
    "cork",
    "dakota",
    "granada",
    "hill road",
    "long beach",
    "mill lane",
    "nice",
    "phoenix",
    "reading",
    "saint helen",
    "sydney",
    "the town hall",
    "victoria",
    "west point",
];

const DATES: &[&str] = &[
    "today",
    "tonight",
    "tomorrow",
    "tomorrow morning",
    "monday",
    "next monday",
    "on friday night",
    "next week",
    "this weekend",
    "the third of may",
    "march",
    "the first of june",
    "in two weeks",
    "at noon",
    "at half past six",
    "five o'clock",
    "this evening",
    "new year's eve",
    "in an hour",
    "the last day of april",
    "sunday afternoon",
    "july",
    "the day after tomorrow",
    "at midnight",
    "wednesday",
    "the end of august",
    "this winter",
    "saturday at nine",
    "twenty minutes from now",
    "early october",
    "christmas",
    "the tenth",
    "next summer",
    "at quarter to four",
    "in a month",
    "next thursday evening",
];

const KINDS: &[&str] = &[
    "blue", "silver", "old", "last", "broken", "wooden", "little", "red", "quiet", "second",
    "long", "golden", "warm", "plain", "paper", "electric", "winter", "black", "early", "glass",
    "green", "hidden", "soft", "summer", "stone", "wild",
];

const GOODS: &[&str] = &[
    "running shoes",
    "batteries",
    "coffee",
    "lamp",
    "milk",
    "headphones",
    "rain jacket",
    "apples",
    "notebook",
    "phone case",
    "rice",
    "chairs",
    "olive oil",
    "toothpaste",
    "umbrella",
    "kettle",
    "light bulbs",
    "gloves",
    "bread",
    "garden hose",
    "backpack",
    "blanket",
    "candles",
    "ginger tea",
    "paint",
    "pillows",
    "sandals",
    "scissors",
    "water bottle",
    "yoga mat",
];

const THINGS: &[&str] = &[
    "rivers", "lanterns", "house", "rain", "monday", "hours", "letters", "summer", "streets",
    "heart", "paris", "machines", "morning", "stories", "bread", "islands", "windows", "december",
    "roads", "shadow", "berlin", "bells", "dust", "gardens", "minutes", "mirrors", "night",
    "sundays", "tomorrow", "winds",
];
