//! Places in a list, by count and by the names of elements.

use super::change::{Anchor, Spot};
use super::value::Element;
use crate::refusal::Refusal;
use crate::text::ElementId;

/// Where the element is that `spot` means.
pub(super) fn find(elements: &[Element], spot: &Spot) -> Result<usize, Refusal> {
    match spot {
        Spot::At(at) => {
            let count = i64::try_from(elements.len()).unwrap_or(i64::MAX);
            let place = if *at < 0 { count.saturating_add(*at) } else { *at };
            let place = usize::try_from(place).ok().filter(|place| *place < elements.len());
            place.ok_or(Refusal::OutOfRange)
        }
        Spot::Element(name) => named(elements, name, 0).ok_or(Refusal::NoSuchElement),
        Spot::Item(_) | Spot::Path(_) => Err(Refusal::NoSuchElement),
    }
}

/// Where `name` is, looked for from about where it was.
pub(super) fn named(elements: &[Element], name: &ElementId, about: u32) -> Option<usize> {
    let about = (about as usize).min(elements.len());
    let (before, after) = elements.split_at(about);
    let is = |element: &Element| element.element == *name;
    after.iter().position(is).map(|place| about + place).or_else(|| before.iter().rposition(is))
}

/// Between which elements `anchor` is: the place that a new one would have. Counted without the
/// element at `moved`, if one is moved.
pub(super) fn gap(
    elements: &[Element],
    anchor: Option<&Anchor>,
    moved: Option<usize>,
) -> Result<usize, Refusal> {
    let count = elements.len() - usize::from(moved.is_some());
    let without = |place: usize| match moved {
        Some(moved) if moved < place => place - 1,
        _ => place,
    };
    let find = |name: &ElementId| named(elements, name, 0).ok_or(Refusal::NoSuchElement);
    Ok(match anchor {
        None => count,
        Some(Anchor::Path(_)) => return Err(Refusal::NoSuchPath),
        Some(Anchor::Before(name)) => without(find(name)?),
        Some(Anchor::After(name)) => {
            let place = find(name)?;
            // After itself is where it is.
            if moved == Some(place) { place } else { without(place) + 1 }
        }
        Some(Anchor::At(at)) => {
            let all = i64::try_from(count).unwrap_or(i64::MAX);
            let place = if *at < 0 { all.saturating_add(*at).saturating_add(1) } else { *at };
            // Who counted on a longer list means its end.
            usize::try_from(place.clamp(0, all)).unwrap_or(count)
        }
    })
}

/// A place as it is told.
pub(super) fn told(place: usize) -> u32 {
    u32::try_from(place).unwrap_or(u32::MAX)
}
