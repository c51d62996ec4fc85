//! The kinds of secrets that texts must not hold.

use std::fmt;

macro_rules! kinds {
    ($($(#[$doc:meta])* $kind:ident = $words:literal;)*) => {
        /// What a text seems to hold that must not be published. How each kind is recognised
        /// stands in `policy/secrets/anchors.rs`.
        ///
        /// ```
        /// use fleetprompt_core::domain::{Rule, SecretKind};
        /// let said = Rule::Secret(SecretKind::GitHubToken).to_string();
        /// assert!(said.starts_with("holds what looks like a GitHub token"));
        /// ```
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        #[non_exhaustive]
        pub enum SecretKind {
            $($(#[$doc])* $kind,)*
        }

        impl SecretKind {
            /// Every kind.
            ///
            /// ```
            /// use fleetprompt_core::domain::SecretKind;
            /// assert!(SecretKind::ALL.contains(&SecretKind::JsonWebToken));
            /// ```
            pub const ALL: &[SecretKind] = &[$(SecretKind::$kind),*];

            /// The kind in words, with its article.
            ///
            /// ```
            /// use fleetprompt_core::domain::SecretKind;
            /// assert_eq!(SecretKind::JsonWebToken.as_str(), "a JSON Web Token");
            /// ```
            pub const fn as_str(self) -> &'static str {
                match self {
                    $(SecretKind::$kind => $words,)*
                }
            }
        }
    };
}

kinds! {
    /// The id of an access key of Amazon Web Services.
    AwsAccessKey = "an AWS access key";
    /// The secret half of an access key of Amazon Web Services.
    AwsSecretKey = "an AWS secret key";
    /// A link whose signature grants access: S3, Google Cloud Storage, an Azure SAS, CloudFront.
    SignedUrl = "a signed link";
    /// An API key, OAuth secret or token of Google.
    GoogleKey = "a Google API key";
    /// The key file of a service account of Google Cloud.
    GoogleServiceAccount = "a Google service account key";
    /// An account key of Azure Storage, Service Bus and the like.
    AzureAccountKey = "an Azure account key";
    /// The client secret of an application in Microsoft Entra.
    AzureClientSecret = "an Azure client secret";
    /// A personal access token of Azure DevOps.
    AzureDevOpsToken = "an Azure DevOps token";
    /// Any token of GitHub: personal, OAuth, of an app, to refresh.
    GitHubToken = "a GitHub token";
    /// Any token of GitLab: personal, deploy, runner and others.
    GitLabToken = "a GitLab token";
    /// A token of Slack.
    SlackToken = "a Slack token";
    /// The address of an incoming webhook of Slack.
    SlackWebhook = "a Slack webhook";
    /// A live key or a webhook secret of Stripe.
    StripeKey = "a Stripe key";
    /// A key of OpenAI, or of a service that writes its keys alike.
    OpenAiKey = "an OpenAI key";
    /// A key of Anthropic.
    AnthropicKey = "an Anthropic key";
    /// A token of npm.
    NpmToken = "an npm token";
    /// A token of PyPI.
    PypiToken = "a PyPI token";
    /// A token of crates.io.
    CratesIoToken = "a crates.io token";
    /// A key or auth token of Twilio.
    TwilioKey = "a Twilio key";
    /// A key of SendGrid.
    SendGridKey = "a SendGrid key";
    /// The token of a bot on Discord.
    DiscordToken = "a Discord bot token";
    /// The address of a webhook of Discord.
    DiscordWebhook = "a Discord webhook";
    /// The token of a bot on Telegram.
    TelegramToken = "a Telegram bot token";
    /// A token of Hugging Face.
    HuggingFaceToken = "a Hugging Face token";
    /// A key of another service that marks its keys.
    ServiceKey = "a service's key";
    /// A signed or encrypted JSON Web Token.
    JsonWebToken = "a JSON Web Token";
    /// A private key: PEM, OpenSSH, PGP, PuTTY, age.
    PrivateKey = "a private key";
    /// A connection string with a password.
    ConnectionString = "a connection string with a password";
    /// A web address with a password.
    UrlPassword = "an address with a password";
    /// An install token of FleetPrompt.
    InstallToken = "an install token";
    /// An invitation code of FleetPrompt.
    InvitationCode = "an invitation code";
    /// A static token with which a service signs in to FleetPrompt.
    ServiceToken = "a service token";
    /// A random looking value behind a name that says secret, token, password or key.
    NamedSecret = "the value of a secret, token or password";
}

impl fmt::Display for SecretKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}
