//! Whatever several clients do to the same topics at once, over connections that lag and break, and
//! whatever the server refuses: in the end all show what the server has, and on the way none ever
//! shows half of a transaction.

#![expect(clippy::unwrap_used, reason = "what a test relies on fails it")]

#[path = "converge/asks.rs"]
mod asks;
#[path = "converge/pen.rs"]
mod pen;
#[path = "converge/person.rs"]
mod person;
#[path = "converge/site.rs"]
mod site;

use kith_core::document::Rules;
use kith_core::topic::Kind;
use person::Person;
use proptest::prelude::*;
use site::Site;

/// Numbers drawn from one, the same every time.
struct Dice(u64);

impl Dice {
    fn draw(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    fn below(&mut self, count: usize) -> usize {
        usize::try_from(self.draw() % count.max(1) as u64).unwrap()
    }

    fn one_in(&mut self, count: usize) -> bool {
        self.below(count) == 0
    }
}

/// One history: each step is drawn from its number.
fn live(kind: Kind, yjs: bool, people: usize, steps: &[u32]) {
    let mut site = Site::new(kind, &Rules { yjs, ..Rules::default() });
    let mut people: Vec<Person> =
        (0..people).map(|number| Person::new(&mut site, number)).collect();
    // Everybody sees all of it before the first does something.
    settle(&mut site, &mut people);
    people.iter().for_each(|one| one.agrees_with(&site));
    site.calm = false;
    for (count, step) in steps.iter().enumerate() {
        let mut dice = Dice(u64::from(*step));
        let one = dice.below(people.len());
        let one = &mut people[one];
        match dice.below(25) {
            0..=6 => asks::ask(&mut dice, one, &site, count),
            7..=10 => site.serve(one.number, &mut dice),
            11..=13 => site.show(),
            14..=20 => drop(one.hear(&mut site)),
            21 => one.cut(&mut site),
            22 => site.lag(one.number),
            23 => site.merge(),
            _ => site.turn(&mut dice),
        }
        people.iter_mut().for_each(|one| one.look(&mut site));
    }
    settle(&mut site, &mut people);
    people.iter().for_each(|one| one.agrees_with(&site));
}

/// Gives everybody the time that it takes; nothing is refused without need meanwhile.
fn settle(site: &mut Site, people: &mut [Person]) {
    let mut quiet = 0;
    let mut dice = Dice(7);
    site.calm = true;
    while quiet < 3 {
        let mut busy = false;
        for one in people.iter_mut() {
            one.wait();
            site.serve(one.number, &mut dice);
            site.show();
            busy |= one.hear_all(site);
            one.look(site);
        }
        quiet = if busy || site.is_busy() { 0 } else { quiet + 1 };
    }
}

fn steps() -> impl Strategy<Value = Vec<u32>> {
    prop::collection::vec(any::<u32>(), 0..400)
}

/// A property for each kind: they fail, and are made smaller, apart. Of a document every edit opens it
/// anew, so there are fewer histories.
macro_rules! converge {
    ($cases:literal, $yjs:literal, $($name:ident: $kind:ident,)*) => {
        proptest! {
            #![proptest_config(ProptestConfig { cases: $cases, failure_persistence: None, ..ProptestConfig::default() })]
            $(
                #[test]
                fn $name(people in 3..=8_usize, steps in steps()) {
                    live(Kind::$kind, $yjs, people, &steps);
                }
            )*
        }
    };
}

converge! {
    120, false,
    all_show_the_same_bool: Bool,
    all_show_the_same_int: Int,
    all_show_the_same_float: Float,
    all_show_the_same_string: String,
    all_show_the_same_set: Set,
    all_show_the_same_list: List,
    all_show_the_same_map: Map,
    all_show_the_same_json: Json,
    all_are_told_the_same_events: Event,
}

converge! {
    80, false,
    all_show_the_same_text: Text,
}

converge! {
    80, true,
    all_show_the_same_json_with_a_document: Json,
}
