//! The event log, and the public feed beside it.

use crate::domain::Position;
use crate::error::Result;
use crate::marketplace::Inner;
use crate::port::{
    CopyKey, CopyRow, CopyTable, Head, LogPage, PageSize, StoredEvent, StoredFeedEntry,
};

use super::report::{FaultKind, FaultPlace, RecordsReport};

/// How far the log was followed.
struct Followed {
    /// The last event.
    at: Position,
    /// The last entry of the feed; nothing where events were pruned while they were followed, and the
    /// feed's next entry may have any place.
    feed: Option<Position>,
}

impl Inner {
    /// Follows the log to its end. Events never change, so one look is enough; but the oldest may be
    /// pruned in the meantime.
    pub(super) async fn walk_log(
        &self,
        report: &mut RecordsReport,
        progress: &mut (impl FnMut(&RecordsReport) + Send),
    ) -> Result<()> {
        let head = self.head().await?;
        let mut followed = Followed { at: head.pruned, feed: Some(head.feed_pruned) };
        loop {
            let head = self.head().await?;
            let after = CopyKey::Position(followed.at);
            let rows = self.table_page(CopyTable::Events, Some(&after)).await?;
            let full = rows.len() == usize::from(PageSize::MAX.get());
            let mut public = Vec::new();
            for row in rows {
                if let CopyRow::Event { stored, feed } = row {
                    report.checked += 1;
                    self.follow_event(&stored, &mut followed, report).await?;
                    public.extend(shown(&stored, feed, &mut followed, report));
                }
            }
            self.compare_feed(&public, report).await?;
            if !full {
                self.expect_end(&head, &followed, report).await?;
            }
            progress(report);
            if !full {
                return Ok(());
            }
        }
    }

    async fn follow_event(
        &self,
        stored: &StoredEvent,
        followed: &mut Followed,
        report: &mut RecordsReport,
    ) -> Result<()> {
        let expected = followed.at.next();
        if stored.position != expected {
            if stored.position <= self.head().await?.pruned.next() {
                followed.feed = None;
            } else {
                report.add(FaultKind::EventMissing, &FaultPlace::Event(expected));
            }
        }
        followed.at = stored.position;
        Ok(())
    }

    /// Compares what the feed should say with what it says.
    async fn compare_feed(
        &self,
        expected: &[StoredFeedEntry],
        report: &mut RecordsReport,
    ) -> Result<()> {
        let Some(first) = expected.first() else { return Ok(()) };
        let before = Position::new(first.position.get().saturating_sub(1));
        let size = PageSize::new(u16::try_from(expected.len()).unwrap_or(u16::MAX));
        let page = self.store.feed(before, size).await.map_err(|error| self.store_error(&error))?;
        // Pruned in the meantime, and with it the log.
        let LogPage::Entries(found) = page else { return Ok(()) };
        for entry in expected {
            if !found.contains(entry) {
                report.add(FaultKind::FeedDiffers, &FaultPlace::FeedEntry(entry.position));
            }
        }
        Ok(())
    }

    /// Expects that the log ends where it was followed to. `head` was read before its last page.
    async fn expect_end(
        &self,
        head: &Head,
        followed: &Followed,
        report: &mut RecordsReport,
    ) -> Result<()> {
        let now = self.head().await?;
        if followed.at < head.last && followed.at >= now.pruned {
            report.add(FaultKind::EventMissing, &FaultPlace::Event(followed.at.next()));
        }
        if followed.at > now.last {
            report.add(FaultKind::EventAhead, &FaultPlace::Event(followed.at));
        }
        if let Some(feed) = followed.feed
            && feed >= now.feed_pruned
            && (feed < head.feed_last || feed > now.feed_last)
        {
            report.add(FaultKind::FeedSequence, &FaultPlace::FeedEntry(feed.next()));
        }
        Ok(())
    }
}

/// What the feed should say of an event, if anything.
fn shown(
    stored: &StoredEvent,
    feed: Option<Position>,
    followed: &mut Followed,
    report: &mut RecordsReport,
) -> Option<StoredFeedEntry> {
    let change = stored.event.feed.clone()?;
    if !stored.event.fact.audiences().publisher {
        report.add(FaultKind::AudienceWrong, &FaultPlace::Event(stored.position));
    }
    let Some(position) = feed else {
        report.add(FaultKind::FeedDiffers, &FaultPlace::Event(stored.position));
        return None;
    };
    if followed.feed.is_some_and(|last| position != last.next()) {
        report.add(FaultKind::FeedSequence, &FaultPlace::FeedEntry(position));
    }
    followed.feed = Some(position);
    Some(StoredFeedEntry { position, at: stored.event.at, change })
}
