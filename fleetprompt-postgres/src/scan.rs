//! Lists: the statement that reads each.

use fleetprompt_core::port::{
    Column, ColumnValue, Direction, PageKey, PageSize, ScanPlan, StoreError,
};

use crate::error::Fault;
use crate::options::SchemaName;
use crate::row::{RECORD, bind, integer};
use crate::session::{Session, Statement};

/// The statement that reads a page of a list.
pub(crate) fn statement(
    session: &Session<'_>,
    plan: &ScanPlan,
    after: Option<&PageKey>,
    size: PageSize,
) -> Result<Statement, Fault> {
    let mut statement = session.statement(text(session.schema(), plan, after.is_some()));
    for (column, value) in &plan.equals {
        if column.literal(value).is_none() {
            statement = bind(statement, value);
        }
    }
    if let Some(PageKey { order, id }) = after {
        let fits = matches!(order, ColumnValue::Text(_)) == (plan.order == Column::Precedence);
        if !fits {
            return Err(StoreError::Malformed("a page begins behind another list's row").into());
        }
        statement = bind(statement, order).bind(id.clone());
    }
    Ok(statement.bind(integer(size.get().into())))
}

/// Its text depends on nothing but the list's shape.
fn text(schema: &SchemaName, plan: &ScanPlan, after: bool) -> String {
    let mut sql = format!("SELECT {RECORD} FROM {schema}.{}", plan.kind.name());
    let mut parameters = 0;
    let mut next = " WHERE ";
    for (column, value) in &plan.equals {
        sql += &match column.literal(value) {
            Some(literal) => format!("{next}{} = {literal}", column.name()),
            None => {
                parameters += 1;
                format!("{next}{} = ${parameters}", column.name())
            }
        };
        next = " AND ";
    }
    let order = plan.order.name();
    let (behind, direction) = match plan.direction {
        Direction::Ascending => (">", "ASC"),
        Direction::Descending => ("<", "DESC"),
    };
    if after {
        let (value, id) = (parameters + 1, parameters + 2);
        parameters += 2;
        sql += &format!("{next}({order}, id) {behind} (${value}, ${id})");
    }
    let limit = parameters + 1;
    sql + &format!(" ORDER BY {order} {direction}, id {direction} LIMIT ${limit}")
}

#[cfg(test)]
mod tests {
    use fleetprompt_core::conformance::samples;
    use fleetprompt_core::domain::BindingState;
    use fleetprompt_core::port::Scan;

    use super::*;

    #[test]
    fn only_values_are_left_out_of_the_text() {
        let bindings = Scan::BindingsOf("whs".parse().unwrap(), BindingState::Confirmed);
        assert_eq!(
            text(&SchemaName::default(), &bindings.plan(), true),
            "SELECT revision, created, changed, doc FROM \"fleetprompt\".binding \
             WHERE system = $1 AND state = 'confirmed' AND (created, id) > ($2, $3) \
             ORDER BY created ASC, id ASC LIMIT $4"
        );
        let listings = Scan::ListingsOf(samples::publisher_id(0));
        assert_eq!(
            text(&SchemaName::default(), &listings.plan(), false),
            "SELECT revision, created, changed, doc FROM \"fleetprompt\".listing \
             WHERE publisher = $1 ORDER BY created DESC, id DESC LIMIT $2"
        );
    }
}
