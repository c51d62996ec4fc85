//! Spending of budgets.

use std::net::IpAddr;
use std::time::Duration;

use fleetprompt_core::domain::{PersonIdentity, Sha256Digest, Span, TenantIdentity};
use fleetprompt_core::policy::{LimitDecision, Rate};
use fleetprompt_core::port::{LimitKey, Limiter, LimiterUnavailable, Principal};

/// Whose budget it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Purse {
    Address,
    RefusedCredentials,
    Principal,
    Tenant,
    InvalidTokens,
}

impl Purse {
    /// The word for it in headers and metrics.
    pub(super) const fn as_str(self) -> &'static str {
        match self {
            Purse::Address => "address",
            Purse::RefusedCredentials => "refused-credentials",
            Purse::Principal => "principal",
            Purse::Tenant => "tenant",
            Purse::InvalidTokens => "invalid-tokens",
        }
    }
}

/// What is left of a budget after an arrival, in requests like it.
#[derive(Clone, Copy, Debug)]
pub(super) struct Standing {
    pub(super) purse: Purse,
    pub(super) rate: Rate,
    pub(super) remaining: u32,
    /// Until the next may come, if none is left, or all of it is there again.
    pub(super) reset: Span,
}

/// A budget was spent: how it stands, and whether the request may go on.
#[derive(Clone, Copy, Debug)]
pub(super) struct Spent {
    pub(super) standing: Standing,
    pub(super) allowed: bool,
}

/// Spends of a budget.
pub(super) async fn spend(
    limiter: &dyn Limiter,
    purse: Purse,
    key: LimitKey,
    rate: Rate,
) -> Result<Spent, LimiterUnavailable> {
    let (allowed, remaining, reset) = match limiter.arrive(key, rate).await? {
        LimitDecision::Allowed { remaining } => (true, remaining, rate.full_after(remaining)),
        LimitDecision::Limited { retry_after } => (false, 0, retry_after),
    };
    Ok(Spent { standing: Standing { purse, rate, remaining, reset }, allowed })
}

/// The same, of a limiter that may be far away.
pub(super) async fn spend_within(
    time: Duration,
    limiter: &dyn Limiter,
    purse: Purse,
    key: LimitKey,
    rate: Rate,
) -> Result<Spent, LimiterUnavailable> {
    let spent = tokio::time::timeout(time, spend(limiter, purse, key, rate)).await;
    spent.unwrap_or(Err(LimiterUnavailable))
}

/// The key of a budget: a digest of parts with their lengths, so that no two lists of parts are one.
fn key(parts: &[&str]) -> LimitKey {
    let mut text = Vec::new();
    for part in parts {
        text.extend_from_slice(&(part.len() as u64).to_be_bytes());
        text.extend_from_slice(part.as_bytes());
    }
    LimitKey(*Sha256Digest::of(&text).as_bytes())
}

/// The budget of an address, already folded.
pub(super) fn address_key(purse: Purse, address: Option<IpAddr>) -> LimitKey {
    // Without an address, all callers are one.
    let address = address.map(|address| address.to_string()).unwrap_or_default();
    key(&[purse.as_str(), &address])
}

/// The budget of an established principal for one kind of work.
pub(super) fn principal_key(purse: Purse, principal: &Principal, work: &str) -> LimitKey {
    match principal {
        Principal::Anonymous => key(&[purse.as_str(), work, "anonymous"]),
        Principal::Person { identity, .. } => person_key(purse, work, "person", identity),
        Principal::Operator { identity } => person_key(purse, work, "operator", identity),
        Principal::System { issuer, client } => {
            key(&[purse.as_str(), work, "system", issuer.as_str(), client.as_str()])
        }
    }
}

fn person_key(purse: Purse, work: &str, kind: &str, identity: &PersonIdentity) -> LimitKey {
    let [scope, issuer, tenant] = tenant_parts(identity.tenant());
    key(&[purse.as_str(), work, kind, scope, issuer, tenant, identity.subject().as_str()])
}

/// The budget of a principal's tenant; a personal tenant is its person's own.
pub(super) fn tenant_key(principal: &Principal) -> Option<LimitKey> {
    let Principal::Person { identity, .. } = principal else { return None };
    let [scope, issuer, tenant] = tenant_parts(identity.tenant());
    Some(key(&[Purse::Tenant.as_str(), scope, issuer, tenant]))
}

fn tenant_parts(tenant: &TenantIdentity) -> [&str; 3] {
    let scope = if tenant.is_personal() { "personal" } else { "organisation" };
    [scope, tenant.issuer().as_str(), tenant.name()]
}
