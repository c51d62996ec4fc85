//! A listing, shown whole.

use fleetprompt_core::domain::{Asset, BindingState, ListingState};

use crate::line::{Line, Look, wrapped};
use crate::model::Opened;
use crate::words;

/// The lines of a listing, for a screen of so many columns.
pub(crate) fn lines(opened: &Opened, width: usize) -> Vec<Line> {
    let listing = &opened.listing;
    let content = &listing.content;
    let mut lines = wrapped(Look::Strong, content.title.as_str(), width);
    lines.extend(wrapped(Look::Plain, content.summary.as_str(), width));
    lines.push(Line::default());
    for (name, value) in facts(opened) {
        let room = width.saturating_sub(14);
        for (at, rest) in wrapped(Look::Plain, &value, room).into_iter().enumerate() {
            let name = if at == 0 { name } else { "" };
            let line = Line::default().with(Look::Faint, &format!("{name:<14}"));
            lines.push(line.with(Look::Plain, &rest.to_string()));
        }
    }
    if let Some(description) = &content.description {
        lines.push(Line::default());
        lines.extend(wrapped(Look::Plain, description.as_str(), width));
    }
    lines
}

fn facts(opened: &Opened) -> Vec<(&'static str, String)> {
    let listing = &opened.listing;
    let content = &listing.content;
    let publisher = &listing.publisher;
    let badges = publisher.badges.iter().map(|badge| format!("  ✓ {}", badge.kind));
    let tags = content.tags.as_slice().iter().map(|tag| format!("#{tag}"));
    let optional = |value: Option<String>| value.unwrap_or_default();
    let facts = [
        ("address", words::address(listing)),
        ("publisher", format!("{}{}", publisher.name, badges.collect::<String>())),
        ("offers", offers(&listing.asset)),
        ("reference", reference(listing.reference).to_owned()),
        ("deprecated", optional(deprecated(opened))),
        (
            "version",
            listing.latest.as_ref().map_or("no stable one".to_owned(), ToString::to_string),
        ),
        ("released", listing.released_at.day().to_string()),
        ("listed", listing.created_at.day().to_string()),
        ("category", content.category.to_string()),
        ("tags", tags.collect::<Vec<_>>().join(" ")),
        ("price", content.price_class.to_string()),
        ("licence", optional(content.license.as_ref().map(ToString::to_string))),
        ("documentation", optional(content.documentation.as_ref().map(ToString::to_string))),
        ("repository", optional(content.repository.as_ref().map(ToString::to_string))),
    ];
    facts.into_iter().filter(|(_, value)| !value.is_empty()).collect()
}

fn offers(asset: &Asset) -> String {
    let kind = words::kind(asset.kind());
    match asset {
        Asset::WhsAgent { whs_agent_id: id }
        | Asset::AgentromaticWorkflow { agentromatic_workflow_id: id } => format!("{kind} {id}"),
        Asset::SpecAsset { spec_id, schema_version } => {
            format!("{kind} {spec_id}, schema {schema_version}")
        }
        Asset::Pack { members } => format!("{kind} of {} listings", members.as_slice().len()),
    }
}

fn reference(state: Option<BindingState>) -> &'static str {
    match state {
        None => "",
        Some(BindingState::Pending) => "not confirmed by its owning system",
        Some(BindingState::Confirmed) => "confirmed by its owning system",
        Some(BindingState::Refused) => "refused by its owning system",
    }
}

fn deprecated(opened: &Opened) -> Option<String> {
    let deprecated = opened.listing.state == ListingState::Deprecated;
    deprecated.then(|| match &opened.successor {
        Some(to) => format!("use {}/{} instead", to.handle, to.slug),
        None => "not advised any more".to_owned(),
    })
}
