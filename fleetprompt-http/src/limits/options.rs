//! The budgets, as they are configured.

use std::num::NonZeroU32;

use fleetprompt_core::policy::Rate;
use ipnet::IpNet;
use serde::{Deserialize, Serialize};

use super::{Budgeted, ClientAddressOptions};
use crate::Period;

/// A budget: so much in each period, and so much at once.
///
/// ```
/// use fleetprompt_http::limits::Budget;
/// let budget: Budget = serde_json::from_str(r#"{"count": 600, "per": "1m", "burst": 100}"#)?;
/// assert_eq!(budget.rate().burst(), 100);
/// assert!(serde_json::from_str::<Budget>(r#"{"count": 0, "per": "1m"}"#).is_err());
/// # Ok::<(), serde_json::Error>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct Budget {
    /// What is added in each period, evenly.
    pub count: NonZeroU32,
    /// The period.
    pub per: Period,
    /// What may be spent at once. Default: `count`.
    #[serde(default)]
    pub burst: Option<NonZeroU32>,
}

impl Budget {
    /// So many in a minute, and so many at once.
    pub const fn a_minute(count: NonZeroU32, burst: NonZeroU32) -> Self {
        Budget { count, per: Period::seconds(60), burst: Some(burst) }
    }

    /// As the core counts it.
    pub const fn rate(&self) -> Rate {
        let rate = Rate::per(self.per.span(), self.count.get());
        match self.burst {
            Some(burst) => rate.with_burst(burst.get()),
            None => rate,
        }
    }
}

/// Who may ask how often, the section `[limits]` of a configuration. Budgets are in units: a point read
/// costs one, see [`Operation::cost`](super::Operation::cost).
///
/// ```
/// use fleetprompt_http::limits::LimitOptions;
/// let options: LimitOptions = serde_json::from_str(r#"{
///     "client-address": {"header": "x-forwarded-for", "trusted-hops": 1},
///     "address": {"count": 600, "per": "1m"},
///     "exempt": ["10.0.0.0/8"]
/// }"#)?;
/// assert_eq!(options.address.rate().burst(), 600);
/// assert_eq!(options.tenant, LimitOptions::default().tenant);
/// # Ok::<(), serde_json::Error>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields, default)]
pub struct LimitOptions {
    /// Where a client's address is found.
    pub client_address: ClientAddressOptions,
    /// Addresses that have no budget of their own, such as those of owning systems; who asks from there is
    /// limited as a principal. Trusted proxies must not be among them. Default: none.
    pub exempt: Vec<IpNet>,
    /// The budget of an address, spent before anybody is authenticated. Default: 1,200 a minute, 300 at
    /// once.
    pub address: Budget,
    /// Credentials of an address that are refused; beyond, credentials from there are not looked at.
    /// Default: 60 a minute.
    pub refused_credentials: Budget,
    /// The budgets of a principal.
    pub principal: PrincipalBudgets,
    /// The budget of a tenant, all of its principals together. Default: 12,000 a minute, 3,000 at once.
    pub tenant: Budget,
    /// Install tokens of a system that turn out invalid, which do not count as redemptions. Default: 600 a
    /// minute, 100 at once.
    pub invalid_tokens: Budget,
    /// How many budgets a process remembers. Default: 100,000, some 20 MB.
    pub remembered: NonZeroU32,
    /// How long a limiter that is shared may take to answer. Default: 250 ms.
    pub shared_time: Period,
}

/// What one principal may do, by kind of operation. Anonymous callers have none but their address's.
///
/// ```
/// use fleetprompt_http::limits::{Budgeted, PrincipalBudgets};
/// let budgets = PrincipalBudgets::default();
/// assert_eq!(budgets.of(Budgeted::Search), budgets.search);
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields, default)]
pub struct PrincipalBudgets {
    /// Reads. Default: 2,400 a minute, 600 at once.
    pub read: Budget,
    /// Searches and suggestions. Default: 1,200 a minute, 300 at once.
    pub search: Budget,
    /// Writes. Default: 600 a minute, 200 at once.
    pub write: Budget,
    /// Installs begun. Default: 300 a minute, 100 at once.
    pub mint: Budget,
    /// Install tokens presented: a system's. Default: 30,000 a minute, 3,000 at once.
    pub redeem: Budget,
}

impl PrincipalBudgets {
    /// The budget that pays for a kind of operation.
    pub const fn of(&self, budgeted: Budgeted) -> Budget {
        match budgeted {
            Budgeted::Read => self.read,
            Budgeted::Search => self.search,
            Budgeted::Write => self.write,
            Budgeted::Mint => self.mint,
            Budgeted::Redeem => self.redeem,
        }
    }
}

fn a_minute(count: u32, burst: u32) -> Budget {
    let positive = |count| NonZeroU32::new(count).unwrap_or(NonZeroU32::MIN);
    Budget::a_minute(positive(count), positive(burst))
}

impl Default for PrincipalBudgets {
    fn default() -> Self {
        PrincipalBudgets {
            read: a_minute(2_400, 600),
            search: a_minute(1_200, 300),
            write: a_minute(600, 200),
            mint: a_minute(300, 100),
            redeem: a_minute(30_000, 3_000),
        }
    }
}

impl Default for LimitOptions {
    fn default() -> Self {
        LimitOptions {
            client_address: ClientAddressOptions::default(),
            exempt: Vec::new(),
            address: a_minute(1_200, 300),
            refused_credentials: a_minute(60, 60),
            principal: PrincipalBudgets::default(),
            tenant: a_minute(12_000, 3_000),
            invalid_tokens: a_minute(600, 100),
            remembered: NonZeroU32::new(100_000).unwrap_or(NonZeroU32::MIN),
            shared_time: Period::millis(250),
        }
    }
}
