//! What operators decide about publishers, listings and names.

use fleetprompt_core::Acting;
use fleetprompt_core::domain::{Handle, ListingId, PublisherId, ReviewedName};
use fleetprompt_core::marketplace::{Found, HeldNameView, ListingAddress, ResembledView};
use fleetprompt_core::port::PageSize;

use crate::assemble::{self, once};
use crate::cli::{ListingCommand, ListingName, NamesCommand, PublisherCommand, Seen};
use crate::failure::{Failure, Outcome};
use crate::output::{note, tell};
use crate::settings::Settings;

async fn operator(settings: &Settings) -> Outcome<Acting> {
    let (_, market) = assemble::existing(settings).await?;
    assemble::operator(settings, &market)
}

pub(super) async fn publisher(settings: &Settings, command: PublisherCommand) -> Outcome {
    let operator = &operator(settings).await?;
    match command {
        PublisherCommand::Verify { handle, evidence, badge } => {
            let id = find_publisher(operator, &handle).await?;
            operator.grant_badge(id, badge, evidence, &once("grant-badge")?).await?;
            tell!("{handle} has the badge {badge}");
        }
        PublisherCommand::Suspend { handle, reason } => {
            let id = find_publisher(operator, &handle).await?;
            operator.suspend_publisher(id, reason, &once("suspend-publisher")?).await?;
            tell!("{handle} is suspended");
        }
        PublisherCommand::Restore { handle } => {
            let id = find_publisher(operator, &handle).await?;
            operator.restore_publisher(id, &once("restore-publisher")?).await?;
            tell!("{handle} is restored");
        }
    }
    Ok(())
}

pub(super) async fn listing(settings: &Settings, command: ListingCommand) -> Outcome {
    let operator = &operator(settings).await?;
    match command {
        ListingCommand::Takedown { listing, class, reason } => {
            let id = find_listing(operator, &listing).await?;
            operator.take_down(id, class, reason, &once("take-down")?).await?;
            tell!("{}/{} is taken down", listing.handle, listing.slug);
        }
        ListingCommand::Restore { listing } => {
            let id = find_listing(operator, &listing).await?;
            let receipt = operator.restore_listing(id, &once("restore-listing")?).await?;
            tell!("{}/{} is {} again", listing.handle, listing.slug, receipt.state);
        }
    }
    Ok(())
}

pub(super) async fn names(settings: &Settings, command: NamesCommand) -> Outcome {
    let operator = &operator(settings).await?;
    match command {
        NamesCommand::List { refused } => list_names(operator, refused).await,
        NamesCommand::Allow { subject: Seen { subject, version }, reason } => {
            operator.allow_name(subject, version, reason, &once("allow-name")?).await?;
            tell!("{subject} is allowed");
            Ok(())
        }
        NamesCommand::Refuse { subject: Seen { subject, version }, reason } => {
            operator.refuse_name(subject, version, reason, &once("refuse-name")?).await?;
            tell!("{subject} is refused");
            Ok(())
        }
    }
}

/// A name that was meant for another one is no name: operators decide about what they name.
async fn find_publisher(operator: &Acting, handle: &Handle) -> Outcome<PublisherId> {
    match operator.publisher_by_handle(handle).await? {
        Found::Here(publisher) => Ok(publisher.id),
        Found::Moved(to) => Err(Failure::refused(format!("there is no {handle}"))
            .hint(format!("That name leads to {to} now; use it if you mean that."))),
    }
}

async fn find_listing(operator: &Acting, listing: &ListingName) -> Outcome<ListingId> {
    let ListingName { handle, slug } = listing;
    match operator.listing_by_name(handle, slug).await? {
        Found::Here(found) => Ok(found.id),
        Found::Moved(ListingAddress { handle: to, slug: as_slug }) => {
            Err(Failure::refused(format!("there is no {handle}/{slug}"))
                .hint(format!("That name leads to {to}/{as_slug} now; use it if you mean that.")))
        }
    }
}

async fn list_names(operator: &Acting, refused: bool) -> Outcome {
    let (mut cursor, mut listed) = (None, 0_u64);
    loop {
        let page = match refused {
            true => operator.refused_names(cursor.as_ref(), PageSize::MAX).await?,
            false => operator.held_names(cursor.as_ref(), PageSize::MAX).await?,
        };
        for held in &page.items {
            tell!("{}", line(held));
            listed += 1;
        }
        cursor = page.next;
        if cursor.is_none() {
            note!("{listed} names {}", if refused { "are refused" } else { "wait" });
            return Ok(());
        }
    }
}

fn line(held: &HeldNameView) -> String {
    let name = match &held.names {
        ReviewedName::Publisher { handle, name } => format!("{handle} ({name})"),
        ReviewedName::Listing { slug, title: None } => format!("{}/{slug}", held.publisher.handle),
        ReviewedName::Listing { slug, title: Some(title) } => {
            format!("{}/{slug} ({title})", held.publisher.handle)
        }
    };
    let like = match &held.resembles {
        None => "something that is gone".to_owned(),
        Some(ResembledView::Reserved { word }) => format!("the reserved word {word}"),
        Some(ResembledView::Publisher { publisher }) => publisher.handle.to_string(),
        Some(ResembledView::Listing { address: ListingAddress { handle, slug }, .. }) => {
            format!("{handle}/{slug}")
        }
    };
    let HeldNameView { subject, version, likeness, held_at, .. } = held;
    let seen = Seen { subject: *subject, version: *version };
    format!("{seen}  {name}  looks like {like} ({likeness}), since {held_at}")
}
