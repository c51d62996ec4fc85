//! Made up secrets of every kind, in the forms that real ones have. They are put together when a
//! test runs, so that no source holds one.

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};

use crate::domain::SecretKind::{self, *};

const UPPER: &str = "ABCDEFGHIJKLMNOPQRSTUVWXYZ";
const LOWER: &str = "abcdefghijklmnopqrstuvwxyz";
const DIGIT: &str = "0123456789";
const HEX: &str = "0123456789abcdef";

/// Random text from a seed (SplitMix64).
pub(super) struct Maker(pub(super) u64);

impl Maker {
    pub(super) fn number(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (self.0 ^ self.0 >> 30).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ mixed >> 27).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ mixed >> 31
    }

    pub(super) fn below(&mut self, end: usize) -> usize {
        usize::try_from(self.number() % end as u64).unwrap()
    }

    fn one<'t>(&mut self, of: &[&'t str]) -> &'t str {
        of[self.below(of.len())]
    }

    fn letters(&mut self, alphabets: &[&str], length: usize) -> String {
        let alphabet: Vec<char> = alphabets.concat().chars().collect();
        (0..length).map(|_| alphabet[self.below(alphabet.len())]).collect()
    }

    fn base62(&mut self, length: usize) -> String {
        self.letters(&[UPPER, LOWER, DIGIT], length)
    }

    fn url_safe(&mut self, length: usize) -> String {
        self.letters(&[UPPER, LOWER, DIGIT, "-_"], length)
    }

    fn hex(&mut self, length: usize) -> String {
        self.letters(&[HEX], length)
    }

    fn number_of(&mut self, digits: usize) -> String {
        self.letters(&["123456789"], 1) + &self.letters(&[DIGIT], digits - 1)
    }

    fn bytes(&mut self, length: usize) -> Vec<u8> {
        (0..length).map(|_| self.number().to_be_bytes()[0]).collect()
    }

    /// A secret of `kind`.
    pub(super) fn secret(&mut self, kind: SecretKind) -> String {
        match kind {
            AwsAccessKey => {
                let prefix = self.one(&["AKIA", "ASIA"]).to_owned();
                prefix + &self.letters(&[UPPER, "234567"], 16)
            }
            AwsSecretKey => {
                let key = self.letters(&[UPPER, LOWER, DIGIT, "/+"], 40);
                let name = self.one(&[
                    "aws_secret_access_key = ",
                    "AWS_SECRET_ACCESS_KEY=",
                    "secretAccessKey: \"",
                ]);
                format!("{name}{key}")
            }
            SignedUrl => {
                let hex = self.hex(64);
                let sas = STANDARD
                    .encode(self.bytes(32))
                    .replace('+', "%2B")
                    .replace('/', "%2F")
                    .replace('=', "%3D");
                let front = self.url_safe(86);
                match self.below(4) {
                    0 => format!(
                        "https://bucket.s3.amazonaws.com/a?X-Amz-Date=20260101T000000Z&X-Amz-Signature={hex}"
                    ),
                    1 => format!(
                        "https://acme.blob.core.windows.net/a/b?sv=2024-11-04&se=2030&sig={sas}"
                    ),
                    2 => format!(
                        "https://storage.googleapis.com/b/a?X-Goog-Expires=900&X-Goog-Signature={hex}{hex}"
                    ),
                    _ => format!(
                        "https://d1.cloudfront.net/a?Expires=1900000000&Signature={front}~__&Key-Pair-Id=K2"
                    ),
                }
            }
            GoogleKey => match self.below(4) {
                0 => format!("GOCSPX-{}", self.url_safe(28)),
                1 => format!("ya29.{}", self.url_safe(160)),
                _ => format!("AIza{}", self.url_safe(35)),
            },
            GoogleServiceAccount => format!("\"private_key_id\": \"{}\"", self.hex(40)),
            AzureAccountKey => {
                let long = STANDARD.encode(self.bytes(64));
                let short = STANDARD.encode(self.bytes(32));
                match self.below(2) {
                    0 => format!(
                        "DefaultEndpointsProtocol=https;AccountName=acme;AccountKey={long};EndpointSuffix=core.windows.net"
                    ),
                    _ => format!(
                        "Endpoint=sb://acme.servicebus.windows.net/;SharedAccessKeyName=Root;SharedAccessKey={short}"
                    ),
                }
            }
            AzureClientSecret => {
                format!(
                    "{}{}Q~{}",
                    self.base62(3),
                    self.number_of(1),
                    self.letters(&[UPPER, LOWER, DIGIT, "-_.~"], 34)
                )
            }
            AzureDevOpsToken => format!("{}AZDO{}", self.base62(76), self.base62(4)),
            GitHubToken => match self.below(3) {
                0 => format!("github_pat_{}_{}", self.base62(22), self.base62(59)),
                _ => {
                    self.one(&["ghp_", "gho_", "ghu_", "ghs_", "ghr_"]).to_owned()
                        + &self.base62(36)
                }
            },
            GitLabToken => {
                let prefix = self.one(&["glpat-", "gldt-", "glrt-", "glptt-", "glagent-", "glft-"]);
                match self.below(2) {
                    0 => format!("{prefix}{}", self.url_safe(20)),
                    _ => format!(
                        "{prefix}{}.01.{}",
                        self.url_safe(27),
                        self.letters(&[LOWER, DIGIT], 9)
                    ),
                }
            }
            SlackToken => match self.below(3) {
                0 => format!(
                    "xoxb-{}-{}-{}",
                    self.number_of(12),
                    self.number_of(13),
                    self.base62(24)
                ),
                1 => format!(
                    "xoxp-{}-{}-{}-{}",
                    self.number_of(12),
                    self.number_of(12),
                    self.number_of(13),
                    self.hex(32)
                ),
                _ => format!(
                    "xapp-1-A{}-{}-{}",
                    self.letters(&[UPPER, DIGIT], 10),
                    self.number_of(13),
                    self.hex(64)
                ),
            },
            SlackWebhook => {
                let mut id = |first: &str| first.to_owned() + &self.letters(&[UPPER, DIGIT], 10);
                let (team, app) = (id("T"), id("B"));
                format!("https://hooks.slack.com/services/{team}/{app}/{}", self.base62(24))
            }
            StripeKey => match self.below(4) {
                0 => format!("whsec_{}", self.base62(32)),
                1 => format!("rk_live_{}", self.base62(99)),
                2 => format!("sk_live_{}", self.base62(24)),
                _ => format!("sk_live_51{}", self.base62(97)),
            },
            OpenAiKey => match self.below(4) {
                0 => format!("sk-{}T3BlbkFJ{}", self.base62(20), self.base62(20)),
                1 => format!("sk-proj-{}T3BlbkFJ{}", self.url_safe(74), self.url_safe(74)),
                2 => format!("sk-svcacct-{}T3BlbkFJ{}", self.url_safe(58), self.url_safe(58)),
                _ => format!("sk-or-v1-{}", self.hex(64)),
            },
            AnthropicKey => {
                let sort = self.one(&["api03", "admin01", "oat01"]);
                format!("sk-ant-{sort}-{}AA", self.url_safe(93))
            }
            NpmToken => format!("npm_{}", self.base62(36)),
            PypiToken => {
                let place = self.one(&["pypi-AgEIcHlwaS5vcmc", "pypi-AgENdGVzdC5weXBpLm9yZw"]);
                format!("{place}{}", self.url_safe(150))
            }
            CratesIoToken => format!("cio{}", self.base62(32)),
            TwilioKey => match self.below(2) {
                0 => format!("SK{}", self.hex(32)),
                _ => format!("TWILIO_AUTH_TOKEN={}", self.hex(32)),
            },
            SendGridKey => format!("SG.{}.{}", self.url_safe(22), self.url_safe(43)),
            DiscordToken => {
                let length = 17 + self.below(3);
                let id = URL_SAFE_NO_PAD.encode(self.number_of(length));
                format!("{id}.{}.{}", self.url_safe(6), self.url_safe(38))
            }
            DiscordWebhook => {
                let host = self.one(&["discord.com", "discordapp.com", "ptb.discord.com"]);
                format!("https://{host}/api/webhooks/{}/{}", self.number_of(19), self.url_safe(68))
            }
            TelegramToken => {
                let length = 8 + self.below(3);
                format!("{}:AA{}", self.number_of(length), self.url_safe(33))
            }
            HuggingFaceToken => format!("hf_{}", self.letters(&[UPPER, LOWER], 34)),
            ServiceKey => match self.below(5) {
                0 => format!("gsk_{}", self.base62(52)),
                1 => format!("r8_{}", self.base62(37)),
                2 => format!("dop_v1_{}", self.hex(64)),
                3 => format!("nvapi-{}", self.url_safe(64)),
                _ => format!("shpat_{}", self.hex(32)),
            },
            JsonWebToken => {
                let header = self.one(&[
                    r#"{"alg":"HS256","typ":"JWT"}"#,
                    r#"{"typ":"JWT","alg":"RS256","kid":"k7"}"#,
                    r#"{"alg":"EdDSA"}"#,
                ]);
                let claims = format!(r#"{{"sub":"{}","exp":1893456000}}"#, self.base62(12));
                let parts = [header.as_bytes(), claims.as_bytes(), &self.bytes(32)];
                parts.map(|part| URL_SAFE_NO_PAD.encode(part)).join(".")
            }
            PrivateKey => {
                let label = self.one(&[
                    "PRIVATE KEY",
                    "RSA PRIVATE KEY",
                    "EC PRIVATE KEY",
                    "ENCRYPTED PRIVATE KEY",
                    "OPENSSH PRIVATE KEY",
                    "PGP PRIVATE KEY BLOCK",
                    "PuTTY",
                    "escaped",
                    "age",
                ]);
                let body = STANDARD.encode(self.bytes(300));
                let lines: Vec<_> =
                    body.as_bytes().chunks(64).map(|line| str::from_utf8(line).unwrap()).collect();
                match label {
                    "PuTTY" => format!(
                        "PuTTY-User-Key-File-3: ssh-ed25519\nPrivate-Lines: 1\n{}\nPrivate-MAC: 00",
                        lines[0]
                    ),
                    "escaped" => format!(
                        r#""private_key": "-----BEGIN PRIVATE KEY-----\n{}\n-----END PRIVATE KEY-----\n""#,
                        lines.join(r"\n")
                    ),
                    "age" => format!("AGE-SECRET-KEY-1{}", self.letters(&[UPPER, "023456789"], 58)),
                    "PGP PRIVATE KEY BLOCK" => format!(
                        "-----BEGIN {label}-----\nVersion: 1\n\n{}\n-----END {label}-----",
                        lines.join("\n")
                    ),
                    _ => format!(
                        "-----BEGIN {label}-----\n{}\n-----END {label}-----",
                        lines.join("\n")
                    ),
                }
            }
            ConnectionString => {
                let length = 8 + self.below(16);
                let password = self.base62(length);
                match self.below(4) {
                    0 => format!(
                        "Server=tcp:acme.database.windows.net,1433;User ID=app;Password={password};Encrypt=true"
                    ),
                    1 => format!(
                        "jdbc:postgresql://db.acme.io:5432/app?user=app&password={password}"
                    ),
                    _ => {
                        let scheme = self.one(&[
                            "postgres",
                            "postgresql",
                            "mysql",
                            "mongodb+srv",
                            "redis",
                            "amqps",
                            "rediss",
                        ]);
                        format!("{scheme}://app:{password}@db7.acme-prod.io/main")
                    }
                }
            }
            UrlPassword => {
                let length = 8 + self.below(16);
                match self.below(3) {
                    0 => format!(
                        "Authorization: Basic {}",
                        STANDARD.encode(format!("deploy:{}", self.base62(length)))
                    ),
                    _ => {
                        let scheme = self.one(&["https", "http", "git+https", "ftp"]);
                        format!("{scheme}://deploy:{}@git.acme.io/repo.git", self.base62(length))
                    }
                }
            }
            InstallToken => {
                let claims = self.url_safe(300);
                format!("fpi1.k{}.{claims}.{}", self.number_of(1), self.url_safe(43))
            }
            InvitationCode => {
                let id = uuid::Builder::from_random_bytes(self.bytes(16).try_into().unwrap())
                    .into_uuid();
                format!("fpv1.{id}.{}", self.url_safe(43))
            }
            ServiceToken => format!("fps_{}", URL_SAFE_NO_PAD.encode(self.bytes(32))),
            NamedSecret => {
                let name = self.one(&[
                    "API_KEY=",
                    "api_key: \"",
                    "\"apiKey\": \"",
                    "client_secret = '",
                    "auth-token: ",
                    "export ACME_TOKEN=",
                    "const accessToken = \"",
                    "Authorization: Bearer ",
                    "--api-key ",
                    "<token>",
                    "password: \"",
                    "os.environ[\"ACME_SECRET\"] = \"",
                    "secret_key_base: ",
                    "X-Api-Key: ",
                    "privateKey => '",
                ]);
                let length = 32 + self.below(12);
                let value = match self.below(3) {
                    0 => self.hex(length),
                    1 => STANDARD.encode(self.bytes(length)),
                    _ => self.base62(length),
                };
                format!("{name}{value}")
            }
        }
    }
}
