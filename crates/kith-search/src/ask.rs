//! From what is asked to what FTS5 reads: an expression of quoted tokens alone.

use kith_core::search::Clause;

use crate::filter::{Facets, Filter};
use crate::token::{Tag, phrase};

/// The expression for what says all of `must` and none of `must_not`, and has what some `facets` ask
/// for in `scopes`. There is a clause, or a facet.
pub(crate) fn expression(
    filter: &Filter,
    must: &[Clause],
    must_not: &[Clause],
    facets: Facets,
    scopes: &[Tag],
) -> String {
    let (mut all, mut none) = filter.tokens(facets, scopes);
    all.extend(must.iter().map(|clause| format!("({})", phrase(clause))));
    none.extend(must_not.iter().map(phrase));
    let mut expression = format!("({})", all.join(" AND "));
    if !none.is_empty() {
        expression.push_str(&format!(" NOT ({})", none.join(" OR ")));
    }
    expression
}
