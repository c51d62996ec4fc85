//! Printing figures.

/// How a figure compares with its goal.
#[derive(Clone, Copy)]
pub(crate) enum Goal {
    AtLeast(f64),
    AtMost(f64),
}

/// Prints a figure.
pub(crate) fn figure(name: &str, value: f64, unit: &str, goal: Goal) {
    let (sign, bound, met) = match goal {
        Goal::AtLeast(bound) => (">=", bound, value >= bound),
        Goal::AtMost(bound) => ("<=", bound, value <= bound),
    };
    let verdict = if met { "met" } else { "missed" };
    println!("figure {name} {value:.2} {unit} goal {sign} {bound} {verdict}");
}
