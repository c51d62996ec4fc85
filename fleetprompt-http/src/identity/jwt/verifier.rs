//! Whether a token is to be believed.

use fleetprompt_core::domain::IssuerName;
use jsonwebtoken::{Algorithm, Validation, decode};
use serde::de::IgnoredAny;

use super::{Audiences, Claims, KeyCache, KeyOptions, Leeway, Token};
use crate::identity::IdentityConfigError;
use crate::identity::dev::is_dev_issuer;
use crate::identity::error::{Judged, Refused};

/// Verifies the tokens of one issuer for some audiences.
#[derive(Clone, Debug)]
pub(crate) struct Verifier {
    issuer: IssuerName,
    audiences: Audiences,
    algorithms: Vec<Algorithm>,
    validation: Validation,
    keys: KeyCache,
}

impl Verifier {
    pub(crate) fn new(
        issuer: IssuerName,
        audiences: Audiences,
        options: &KeyOptions,
        leeway: Leeway,
        keys: KeyCache,
    ) -> Result<Self, IdentityConfigError> {
        if is_dev_issuer(&issuer) {
            return Err(IdentityConfigError::ReservedIssuer);
        }
        let algorithms: Vec<Algorithm> =
            options.algorithms.as_slice().iter().copied().map(Algorithm::from).collect();
        let mut validation = Validation::default();
        validation.set_required_spec_claims(&["exp", "iss", "aud", "sub"]);
        validation.set_issuer(&[issuer.as_str()]);
        let names: Vec<&str> = audiences.as_slice().iter().map(|name| name.as_str()).collect();
        validation.set_audience(&names);
        validation.leeway = leeway.seconds();
        validation.validate_exp = true;
        validation.validate_nbf = true;
        validation.validate_aud = true;
        Ok(Verifier { issuer, audiences, algorithms, validation, keys })
    }

    pub(crate) fn issuer(&self) -> &IssuerName {
        &self.issuer
    }

    pub(crate) fn audiences(&self) -> &Audiences {
        &self.audiences
    }

    /// Whether the token says that it is of this issuer, for one of these audiences.
    pub(crate) fn expects(&self, token: &Token<'_>) -> bool {
        token.is_of(self.issuer.as_str()) && self.audiences.meet(token.unverified().audiences())
    }

    /// The claims of a token, now that they are known to be the issuer's, and meant for us and for now.
    pub(crate) async fn verify<'t>(&self, token: &'t Token<'_>) -> Judged<&'t Claims> {
        if !self.algorithms.contains(&token.algorithm) {
            return Err(Refused::Invalid("an algorithm that is not configured"));
        }
        if !self.expects(token) {
            return Err(Refused::Invalid("another issuer or audience"));
        }
        let key = self.keys.key(token.key_id.as_deref(), token.algorithm).await?;
        let mut validation = self.validation.clone();
        validation.algorithms = vec![token.algorithm];
        match decode::<IgnoredAny>(token.text, &key, &validation) {
            // The same bytes, read strictly.
            Ok(_) => Ok(token.unverified()),
            Err(error) => Err(Refused::Invalid(reason(error.kind()))),
        }
    }
}

/// In words without values: those of the library may hold claims.
fn reason(kind: &jsonwebtoken::errors::ErrorKind) -> &'static str {
    use jsonwebtoken::errors::ErrorKind as Kind;
    match kind {
        Kind::ExpiredSignature => "an expired token",
        Kind::ImmatureSignature => "a token that is not valid yet",
        Kind::InvalidSignature => "a signature that does not fit",
        Kind::MissingRequiredClaim(_) => "a token without a required claim",
        Kind::InvalidIssuer | Kind::InvalidAudience => "another issuer or audience",
        _ => "a token that can't be verified",
    }
}
