//! Names that at most one owner has.

use serde::{Deserialize, Serialize};

use super::error::StoreError;

macro_rules! name_scopes {
    ($($(#[$doc:meta])* $name:ident = $stored:literal;)*) => {
        /// What a name is unique in.
        ///
        /// ```
        /// use fleetprompt_core::port::NameScope;
        /// assert_eq!(NameScope::EntitlementSource.name(), "entitlement_source");
        /// ```
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[serde(rename_all = "snake_case")]
        pub enum NameScope { $($(#[$doc])* $name,)* }

        impl NameScope {
            /// Every scope.
            pub const ALL: &'static [NameScope] = &[$(NameScope::$name,)*];

            /// The scope's name, fit for SQL as a value.
            pub fn name(self) -> &'static str {
                match self { $(NameScope::$name => $stored,)* }
            }
        }
    };
}

name_scopes! {
    /// Handles of publishers, by skeleton.
    Handle = "handle";
    /// Slugs of a publisher's listings, by publisher and skeleton.
    Slug = "slug";
    /// Sources of entitlements.
    EntitlementSource = "entitlement_source";
    /// Confirmed references, by system, kind and upstream id.
    Reference = "reference";
    /// Reports that are open, by who filed them and what they are about.
    OpenReport = "open_report";
}

/// A name that at most one owner has.
///
/// ```
/// use fleetprompt_core::port::{ClaimedName, NameScope};
/// /// The primary key of a store's table of names.
/// fn row(name: &ClaimedName) -> (&'static str, &str) {
///     (name.scope().name(), name.name())
/// }
/// assert_eq!(NameScope::Handle.name(), "handle", "what the first column holds");
/// ```
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ClaimedName {
    scope: NameScope,
    name: String,
}

impl ClaimedName {
    /// The name `name` in `scope`.
    pub(crate) fn new(scope: NameScope, name: String) -> Self {
        ClaimedName { scope, name }
    }

    /// The name in the row of a store's table: the scope by its [`name`](NameScope::name).
    ///
    /// # Errors
    /// [`StoreError::Corrupt`] when there is no such scope.
    pub fn stored(scope: &str, name: String) -> Result<Self, StoreError> {
        let scope = NameScope::ALL.iter().find(|known| known.name() == scope);
        let scope = scope.ok_or(StoreError::Corrupt("a name is unique in an unknown scope"))?;
        Ok(ClaimedName { scope: *scope, name })
    }

    /// What the name is unique in.
    pub fn scope(&self) -> NameScope {
        self.scope
    }

    /// The name.
    pub fn name(&self) -> &str {
        &self.name
    }
}

/// Names may be secret until they are public, so only the scope is shown.
impl std::fmt::Debug for ClaimedName {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "ClaimedName({})", self.scope.name())
    }
}

/// Who has a name: the text of an id.
///
/// ```
/// use fleetprompt_core::domain::PublisherId;
/// use fleetprompt_core::port::NameOwner;
/// let acme = PublisherId::from_bytes([1; 16]);
/// assert_eq!(NameOwner::new(acme).as_str(), acme.to_string());
/// ```
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct NameOwner(String);

impl NameOwner {
    /// The owner with this id.
    pub fn new(id: impl Into<String>) -> Self {
        NameOwner(id.into())
    }

    /// The id.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_read_from_its_row_whatever_its_scope() {
        for scope in NameScope::ALL {
            let name = ClaimedName::new(*scope, "acme".to_owned());
            assert_eq!(ClaimedName::stored(name.scope().name(), "acme".to_owned()), Ok(name));
        }
        let unknown = ClaimedName::stored("elsewhere", "acme".to_owned());
        assert!(matches!(unknown, Err(StoreError::Corrupt(_))));
    }
}
