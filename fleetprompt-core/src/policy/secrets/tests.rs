//! What is found, what passes, and that nothing takes long.

use proptest::prelude::*;

use crate::domain::SecretKind;

use super::corpus::Maker;
use super::find_secret;

/// How secrets stand in texts.
fn in_context(secret: &str, n: usize) -> String {
    match n % 6 {
        0 => secret.to_owned(),
        1 => format!("Use `{secret}` for this."),
        2 => format!("```sh\ncurl {secret}\n```\n"),
        3 => format!("# Setup\n\n- first\n- {secret}\n\nDone."),
        4 => format!("{{\"value\": \"{secret}\"}}"),
        _ => format!("| key | value |\n| --- | --- |\n| x | {secret} |"),
    }
}

const SAMPLES: usize = 400;

#[test]
fn at_least_nineteen_of_twenty_secrets_of_each_kind_are_found() {
    let mut maker = Maker(7);
    for kind in SecretKind::ALL {
        let found = (0..SAMPLES)
            .filter(|n| find_secret(&in_context(&maker.secret(*kind), *n)).is_some())
            .count();
        assert!(found * 20 >= SAMPLES * 19, "{kind:?}: {found} of {SAMPLES}");
    }
}

#[test]
fn most_are_told_by_their_kind() {
    let mut maker = Maker(8);
    for kind in SecretKind::ALL {
        let told =
            (0..SAMPLES).filter(|_| find_secret(&maker.secret(*kind)) == Some(*kind)).count();
        assert!(told * 10 >= SAMPLES * 9, "{kind:?}: {told} of {SAMPLES}");
    }
}

#[test]
fn what_documentation_needs_passes() {
    for text in [
        "sk-...",
        "OPENAI_API_KEY=sk-...",
        "sk-xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx",
        "sk-proj-YOUR_KEY_HERE_YOUR_KEY_HERE_YOUR_KEY_HERE_1",
        "ANTHROPIC_API_KEY=\"sk-ant-api03-...\"",
        "api_key: <YOUR_API_KEY>",
        "api_key = \"your-api-key-goes-here-0001\"",
        "token: ${TOKEN}",
        "token: {{token}}",
        "token: {{ secrets.GITHUB_TOKEN }}",
        "Authorization: Bearer $TOKEN",
        "Authorization: Bearer <token>",
        "Authorization: Basic dXNlcjpwYXNzd29yZA==",
        "Authorization: Basic QWxhZGRpbjpvcGVuIHNlc2FtZQ==",
        "AWS_ACCESS_KEY_ID=AKIAIOSFODNN7EXAMPLE",
        "AWS_SECRET_ACCESS_KEY=wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY",
        "password: changeme",
        "password = \"password123\"",
        "password: 'bm90IG15IHJlYWwgcGFzc3dvcmQ='",
        "ghp_xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx",
        "Authorization: Bearer fps_...",
        "fps_xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx",
        "fps_YOUR_SERVICE_TOKEN_GOES_HERE_0000000000000",
        "fps_limit, fps_counter and render_fps_average_over_the_last_hundred_frames",
        "ghp_abcdefghijklmnopqrstuvwxyz0123456789",
        "glpat-xxxxxxxxxxxxxxxxxxxx",
        "postgres://user:password@localhost/db",
        "postgres://postgres:postgres@db:5432/app",
        "postgres://app:wonderland@localhost:5432/app",
        "mysql://root:root@127.0.0.1:3306/test",
        "mongodb://USERNAME:PASSWORD@cluster0.abc.mongodb.net/",
        "postgresql://[user[:password]@][netloc][:port][/dbname]",
        "amqp://guest:guest@rabbit.acme.io:5672",
        "https://user:pass@example.com/path",
        "https://x-access-token:${TOKEN}@github.com/acme/bot",
        "Server=localhost;Database=app;User Id=sa;Password=Passw0rd;",
        "jdbc:postgresql://localhost/test?user=fred&password=secret",
        "-----BEGIN PRIVATE KEY-----\n...\n-----END PRIVATE KEY-----",
        "-----BEGIN RSA PRIVATE KEY-----\n<your key, on as many lines as it takes, in base64>\n",
        "A PEM file begins with -----BEGIN PRIVATE KEY----- and ends likewise; it is \
         base64 between, of at most sixty-four characters on a line.",
        "-----BEGIN CERTIFICATE-----\nMIIBszCCAVmgAwIBAgIUQ3pZ7rXyq0v5rRz6kPj0\n-----END CERTIFICATE-----",
        "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIJ8xT0mX0pQm5Q9s9b1V acme",
        "https://hooks.slack.com/services/T00000000/B00000000/XXXXXXXXXXXXXXXXXXXXXXXX",
        "xoxb-123456789012-1234567890123-xxxxxxxxxxxxxxxxxxxxxxxx",
        "123456789:AAxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx",
        "let token = self.lexer.next_token_with_position2();",
        "token: Option<TokenKind2>, secret: Arc<Mutex<SecretStore9>>",
        "const API_KEY = process.env.ACME_API_KEY_V2_PRODUCTION1;",
        "tokenizer: bert-base-uncased-finetuned-sst2",
        "max_tokens: 128000",
        "secretName: registry-credentials-2024-v1",
        "sha256: e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
        "sha512-Q9yDqYzjX3n1D2pCzJ7oXUoQ5sFZp4B1rU0w1nQ8h5u1lH0k2VQ==",
        "commit 6f470ae8921863d470a4449bc3944340a2a11f0e",
        "id: 0190b1c7-8a3e-7d41-9c55-2f6f2b8e0a11",
        "see [the token guide](https://docs.acme.io/tokens/2024/how-to-rotate-tokens-v2)",
        "eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9.eyJzdWIiOiIxMjM0NTY3ODkwIiwibmFtZSI6IkpvaG4gRG9lIiwiaWF0IjoxNTE2MjM5MDIyfQ.SflKxwRJSMeKKF2QT4fwpMeJf36POk6yJV_adQssw5c",
        "a JWT begins with eyJ, as in eyJhbGciOi...",
    ] {
        assert_eq!(find_secret(text), None, "{text}");
    }
}

#[test]
fn a_secret_is_found_wherever_it_stands() {
    let token = Maker(1).secret(SecretKind::GitHubToken);
    for text in [
        format!("研究助手{token}"),
        format!("https://acme.io/?t={token}&x=1"),
        format!("**{token}**"),
        format!("{}{token}", "long prose about nothing. ".repeat(4_000)),
        format!("{token}\n{}", "`".repeat(1_000)),
    ] {
        assert_eq!(find_secret(&text), Some(SecretKind::GitHubToken));
    }
}

/// Texts of anchors alone, the worst there are. That the time is bounded shows in the fuzzer and
/// in the benchmark; here, that nothing in them is mistaken or overflows.
#[test]
fn anchors_without_secrets_are_none() {
    for anchor in super::ANCHORS {
        for text in [anchor.text.repeat(2_000), format!("{}=", anchor.text).repeat(1_000)] {
            assert_eq!(find_secret(&text), None, "{}", anchor.text);
        }
        assert_eq!(find_secret(anchor.text), None);
    }
}

proptest! {
    #[test]
    fn what_stands_around_a_secret_hides_none(
        before in "[a-z \n`*#]{0,40}", after in "[ \n`*)][a-z \n`*#]{0,40}", seed: u64,
    ) {
        let secret = Maker(seed).secret(SecretKind::NpmToken);
        // A few of those that are drawn pass for placeholders, wherever they stand.
        prop_assume!(find_secret(&secret) == Some(SecretKind::NpmToken));
        let text = format!("{before} {secret}{after}");
        prop_assert_eq!(find_secret(&text), Some(SecretKind::NpmToken));
    }

    #[test]
    fn any_text_is_judged(text in "\\PC{0,200}|[ -~]{0,200}") {
        let _: Option<SecretKind> = find_secret(&text);
    }
}
