//! Where secrets begin: the one table of what is recognised.
//!
//! Lengths and alphabets are those that the issuers document, or that the tokens they issue have.
//! Where they changed over time, all are taken. To recognise another kind, add a line here, a
//! generator in `corpus.rs`, and a variant of [`SecretKind`] if none fits.

use crate::domain::SecretKind::{self, *};

use super::place::{
    Alphabet, Place, alphanumeric, base64, lower_hex, upper_alphanumeric, url_safe,
};
use super::{address, named, private_key, tokens};

/// Letters that some secret begins with, or that say that one follows.
pub(super) struct Anchor {
    /// The letters; lower case if any case will do.
    pub(super) text: &'static str,
    /// Whether they may be written in any case.
    pub(super) any_case: bool,
    /// How it is told whether a secret stands there.
    pub(super) check: Check,
}

/// How it is told whether a secret stands at an anchor.
pub(super) enum Check {
    /// A body of this alphabet and length follows, and no other letter of it stands before.
    Body { kind: SecretKind, alphabet: Alphabet, least: usize, most: usize },
    /// A condition of its own.
    If(SecretKind, fn(&Place<'_>) -> bool),
    /// A check that tells the kind as well.
    Tell(fn(&Place<'_>) -> Option<SecretKind>),
}

const fn body(
    text: &'static str,
    kind: SecretKind,
    alphabet: Alphabet,
    least: usize,
    most: usize,
) -> Anchor {
    Anchor { text, any_case: false, check: Check::Body { kind, alphabet, least, most } }
}

const fn when(text: &'static str, kind: SecretKind, holds: fn(&Place<'_>) -> bool) -> Anchor {
    Anchor { text, any_case: false, check: Check::If(kind, holds) }
}

const fn tell(text: &'static str, tell: fn(&Place<'_>) -> Option<SecretKind>) -> Anchor {
    Anchor { text, any_case: false, check: Check::Tell(tell) }
}

const fn name(text: &'static str) -> Anchor {
    Anchor { text, any_case: true, check: Check::Tell(named::assigned) }
}

/// No end that matters: tokens that are longer are tokens as well.
const ANY: usize = 500;

#[rustfmt::skip] // a table
pub(super) static ANCHORS: &[Anchor] = &[
    // AWS: "IAM identifiers", unique id prefixes; SigV4 query strings of presigned requests.
    body("AKIA", AwsAccessKey, upper_alphanumeric, 16, 16),
    body("ASIA", AwsAccessKey, upper_alphanumeric, 16, 16),
    body("ABIA", AwsAccessKey, upper_alphanumeric, 16, 16),
    body("ACCA", AwsAccessKey, upper_alphanumeric, 16, 16),
    when("X-Amz-Signature=", SignedUrl, address::signature),
    when("X-Amz-Security-Token=", SignedUrl, address::signature),
    // Google: API keys, OAuth client secrets, refresh and access tokens; V4 signed URLs.
    body("AIza", GoogleKey, url_safe, 35, 35),
    body("GOCSPX-", GoogleKey, url_safe, 28, 28),
    body("1//0", GoogleKey, url_safe, 40, ANY),
    body("ya29.", GoogleKey, url_safe, 40, ANY),
    when("X-Goog-Signature=", SignedUrl, address::signature),
    // Azure: storage connection strings; Entra client secrets; DevOps tokens since 2024; SAS.
    when("AccountKey=", AzureAccountKey, tokens::azure_account),
    when("SharedAccessKey=", AzureAccountKey, tokens::azure_account),
    when("Q~", AzureClientSecret, tokens::azure_client),
    when("AZDO", AzureDevOpsToken, tokens::azure_devops),
    when("sig=", SignedUrl, address::signature_parameter),
    // CloudFront signed URLs.
    when("Signature=", SignedUrl, address::signature_parameter),
    // GitHub: "Behind GitHub's new authentication token formats" (2021).
    body("ghp_", GitHubToken, alphanumeric, 36, ANY),
    body("gho_", GitHubToken, alphanumeric, 36, ANY),
    body("ghu_", GitHubToken, alphanumeric, 36, ANY),
    body("ghs_", GitHubToken, alphanumeric, 36, ANY),
    body("ghr_", GitHubToken, alphanumeric, 36, ANY),
    when("github_pat_", GitHubToken, tokens::github_fine_grained),
    // GitLab: "Token overview", token prefixes.
    body("glpat-", GitLabToken, url_safe, 20, ANY),
    body("gldt-", GitLabToken, url_safe, 20, ANY),
    body("glrt-", GitLabToken, url_safe, 20, ANY),
    body("glrtr-", GitLabToken, url_safe, 20, ANY),
    body("glcbt-", GitLabToken, url_safe, 20, ANY),
    body("glptt-", GitLabToken, url_safe, 20, ANY),
    body("glft-", GitLabToken, url_safe, 20, ANY),
    body("glimt-", GitLabToken, url_safe, 20, ANY),
    body("glagent-", GitLabToken, url_safe, 20, ANY),
    body("gloas-", GitLabToken, url_safe, 20, ANY),
    body("glsoat-", GitLabToken, url_safe, 20, ANY),
    body("glffct-", GitLabToken, url_safe, 20, ANY),
    // Slack: "Token types", "Sending messages using incoming webhooks".
    when("xox", SlackToken, tokens::slack),
    when("xapp-", SlackToken, tokens::slack_app),
    when("hooks.slack.com/", SlackWebhook, address::slack),
    // Stripe: "API keys", "Check the webhook signatures". Test keys move no money, and are part
    // of many a guide.
    body("sk_live_", StripeKey, alphanumeric, 20, ANY),
    body("rk_live_", StripeKey, alphanumeric, 20, ANY),
    body("whsec_", StripeKey, base64, 24, ANY),
    // OpenAI, Anthropic, and services that took over the prefix.
    tell("sk-", tokens::model_key),
    // npm: "npm's new access token format"; PyPI and TestPyPI: macaroons behind a prefix.
    body("npm_", NpmToken, alphanumeric, 36, 36),
    when("pypi-AgE", PypiToken, tokens::pypi),
    // crates.io: `cio` and 32 letters, in the source of the registry.
    when("cio", CratesIoToken, tokens::crates_io),
    // Twilio: "API keys"; SendGrid: "API keys".
    body("SK", TwilioKey, lower_hex, 32, 32),
    when("SG.", SendGridKey, tokens::send_grid),
    // Discord: "Reference", snowflakes in base64; the first digits of an id as base64 writes them.
    when("MD", DiscordToken, tokens::discord),
    when("MT", DiscordToken, tokens::discord),
    when("Mj", DiscordToken, tokens::discord),
    when("Mz", DiscordToken, tokens::discord),
    when("ND", DiscordToken, tokens::discord),
    when("NT", DiscordToken, tokens::discord),
    when("Nj", DiscordToken, tokens::discord),
    when("Nz", DiscordToken, tokens::discord),
    when("OD", DiscordToken, tokens::discord),
    when("OT", DiscordToken, tokens::discord),
    when("/api/webhooks/", DiscordWebhook, address::discord),
    // Telegram: "Authorizing your bot".
    when(":AA", TelegramToken, tokens::telegram),
    // Hugging Face: "User access tokens".
    body("hf_", HuggingFaceToken, alphanumeric, 30, 50),
    body("api_org_", HuggingFaceToken, alphanumeric, 30, 50),
    // Other services that mark their keys.
    body("gsk_", ServiceKey, alphanumeric, 40, ANY),
    body("r8_", ServiceKey, alphanumeric, 37, 37),
    body("pplx-", ServiceKey, alphanumeric, 40, ANY),
    body("xai-", ServiceKey, alphanumeric, 70, ANY),
    body("nvapi-", ServiceKey, url_safe, 60, ANY),
    body("lsv2_pt_", ServiceKey, |b| alphanumeric(b) || b == b'_', 40, ANY),
    body("dop_v1_", ServiceKey, lower_hex, 64, 64),
    body("dckr_pat_", ServiceKey, url_safe, 27, ANY),
    body("shpat_", ServiceKey, |b| b.is_ascii_hexdigit(), 32, 32),
    body("hvs.", ServiceKey, url_safe, 90, ANY),
    body("lin_api_", ServiceKey, alphanumeric, 40, 40),
    body("ntn_", ServiceKey, alphanumeric, 40, 60),
    body("glsa_", ServiceKey, |b| alphanumeric(b) || b == b'_', 40, ANY),
    // RFC 7519 and RFC 7516: a header of JSON in base64url.
    when("eyJ", JsonWebToken, tokens::json_web_token),
    // RFC 7468, OpenSSH, OpenPGP (RFC 9580), RFC 4716, PuTTY's file format, age.
    when("-----BEGIN ", PrivateKey, private_key::armoured),
    when("BEGIN SSH2 ENCRYPTED PRIVATE KEY", PrivateKey, private_key::rfc4716),
    when("Private-Lines: ", PrivateKey, private_key::putty),
    body("AGE-SECRET-KEY-1", PrivateKey, upper_alphanumeric, 58, 58),
    // RFC 3986, section 3.2.1, and the headers of RFC 7617 and RFC 6750.
    tell("://", address::user_info),
    Anchor { text: "basic ", any_case: true, check: Check::If(UrlPassword, address::basic) },
    name("bearer "),
    // FleetPrompt's own: install tokens, invitation codes and the static tokens of services.
    when("fpi1.", InstallToken, tokens::install),
    when("fpv1.", InvitationCode, tokens::invitation),
    when("fps_", ServiceToken, tokens::service),
    // Names that say that a secret follows.
    name("secret"), name("token"), name("passw"), name("pwd"), name("pass="), name("pass:"),
    name("api_key"), name("api-key"), name("apikey"), name("api key"),
    name("access_key"), name("access-key"), name("accesskey"),
    name("private_key"), name("private-key"), name("privatekey"),
    name("auth_key"), name("authkey"), name("account_key"), name("signing_key"),
    name("encryption_key"), name("master_key"), name("credential"),
];
