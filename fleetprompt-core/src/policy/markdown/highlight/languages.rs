//! What tells comments, strings and keywords apart, by language.

/// A language, or a family whose words look alike.
pub(super) struct Language {
    names: &'static [&'static str],
    /// What begins a comment that ends with its line.
    pub(super) line: &'static [&'static str],
    /// What begins and ends a comment.
    pub(super) block: Option<(&'static str, &'static str)>,
    /// What begins and ends a string; a string in backticks spans lines.
    pub(super) quotes: &'static str,
    /// Whether three quotes begin a string that spans lines.
    pub(super) triple: bool,
    /// Whether keywords are written in any case.
    pub(super) any_case: bool,
    pub(super) keywords: &'static [&'static str],
}

/// The language of this name, in any case.
pub(super) fn find(name: &str) -> Option<&'static Language> {
    let is_named = |language: &&Language| {
        language.names.iter().any(|other| other.eq_ignore_ascii_case(name))
    };
    LANGUAGES.iter().find(is_named)
}

const SLASHES: Language = Language {
    names: &[],
    line: &["//"],
    block: Some(("/*", "*/")),
    quotes: "\"'",
    triple: false,
    any_case: false,
    keywords: &[],
};
const HASHES: Language = Language { line: &["#"], block: None, ..SLASHES };

const LANGUAGES: &[Language] = &[
    Language {
        names: &["rust", "rs"],
        // A lone `'` begins a lifetime.
        quotes: "\"",
        keywords: &[
            "as", "async", "await", "break", "const", "continue", "crate", "dyn", "else", "enum",
            "extern", "false", "fn", "for", "if", "impl", "in", "let", "loop", "match", "mod",
            "move", "mut", "pub", "ref", "return", "self", "Self", "static", "struct", "super",
            "trait", "true", "type", "unsafe", "use", "where", "while",
        ],
        ..SLASHES
    },
    Language {
        names: &["javascript", "js", "jsx", "mjs", "typescript", "ts", "tsx"],
        quotes: "\"'`",
        keywords: &[
            "abstract", "as", "async", "await", "break", "case", "catch", "class", "const",
            "continue", "declare", "default", "delete", "do", "else", "enum", "export", "extends",
            "false", "finally", "for", "from", "function", "if", "implements", "import", "in",
            "instanceof", "interface", "let", "new", "null", "of", "private", "protected",
            "public", "readonly", "return", "static", "super", "switch", "this", "throw", "true",
            "try", "type", "typeof", "undefined", "var", "void", "while", "yield",
        ],
        ..SLASHES
    },
    Language {
        names: &["json", "json5", "jsonc"],
        keywords: &["false", "null", "true"],
        ..SLASHES
    },
    Language {
        names: &["c", "c++", "cc", "cpp", "h", "hpp", "objc", "objective-c"],
        keywords: &[
            "auto", "bool", "break", "case", "catch", "char", "class", "const", "constexpr",
            "continue", "default", "delete", "do", "double", "else", "enum", "extern", "false",
            "float", "for", "goto", "if", "inline", "int", "long", "namespace", "new", "nullptr",
            "operator", "private", "protected", "public", "return", "short", "signed", "sizeof",
            "static", "struct", "switch", "template", "this", "throw", "true", "try", "typedef",
            "typename", "union", "unsigned", "using", "virtual", "void", "volatile", "while",
        ],
        ..SLASHES
    },
    Language {
        names: &["c#", "cs", "csharp", "dart", "groovy", "java", "kotlin", "kt", "scala", "swift"],
        triple: true,
        keywords: &[
            "abstract", "as", "async", "await", "break", "case", "catch", "class", "const",
            "continue", "def", "default", "do", "else", "enum", "extends", "false", "final",
            "finally", "for", "foreach", "fun", "func", "guard", "if", "implements", "import",
            "in", "init", "int", "interface", "internal", "is", "let", "namespace", "new", "nil",
            "null", "object", "override", "package", "private", "protected", "protocol", "public",
            "return", "static", "struct", "super", "switch", "this", "throw", "throws", "trait",
            "true", "try", "using", "val", "var", "void", "when", "while",
        ],
        ..SLASHES
    },
    Language {
        names: &["go", "golang"],
        quotes: "\"'`",
        keywords: &[
            "break", "case", "chan", "const", "continue", "default", "defer", "else", "false",
            "for", "func", "go", "goto", "if", "import", "interface", "map", "nil", "package",
            "range", "return", "select", "struct", "switch", "true", "type", "var",
        ],
        ..SLASHES
    },
    Language {
        names: &["php"],
        line: &["//", "#"],
        keywords: &[
            "as", "break", "case", "catch", "class", "const", "continue", "default", "echo",
            "else", "elseif", "extends", "false", "final", "fn", "for", "foreach", "function",
            "if", "implements", "interface", "namespace", "new", "null", "private", "protected",
            "public", "return", "static", "switch", "this", "throw", "true", "try", "use", "while",
        ],
        ..SLASHES
    },
    Language {
        names: &["python", "py", "python3", "starlark"],
        triple: true,
        keywords: &[
            "and", "as", "assert", "async", "await", "break", "class", "continue", "def", "del",
            "elif", "else", "except", "False", "finally", "for", "from", "global", "if", "import",
            "in", "is", "lambda", "None", "nonlocal", "not", "or", "pass", "raise", "return",
            "True", "try", "while", "with", "yield",
        ],
        ..HASHES
    },
    Language {
        names: &["bash", "console", "fish", "sh", "shell", "zsh"],
        keywords: &[
            "case", "do", "done", "elif", "else", "esac", "export", "fi", "for", "function", "if",
            "in", "local", "return", "set", "sudo", "then", "until", "while",
        ],
        ..HASHES
    },
    Language {
        names: &["ruby", "rb", "elixir", "ex"],
        keywords: &[
            "alias", "and", "begin", "break", "case", "class", "def", "defmodule", "do", "else",
            "elsif", "end", "ensure", "false", "for", "if", "in", "module", "next", "nil", "not",
            "or", "raise", "require", "rescue", "return", "self", "super", "then", "true",
            "unless", "until", "when", "while", "yield",
        ],
        ..HASHES
    },
    Language {
        names: &["toml", "yaml", "yml", "ini", "env", "dotenv", "nix", "hcl", "terraform", "tf"],
        keywords: &["false", "null", "true"],
        ..HASHES
    },
    Language {
        names: &["dockerfile", "docker"],
        keywords: &[
            "ADD", "ARG", "AS", "CMD", "COPY", "ENTRYPOINT", "ENV", "EXPOSE", "FROM", "LABEL",
            "RUN", "USER", "VOLUME", "WORKDIR",
        ],
        ..HASHES
    },
    Language {
        names: &["sql", "mysql", "pgsql", "postgresql", "sqlite"],
        line: &["--"],
        any_case: true,
        keywords: &[
            "add", "alter", "and", "as", "asc", "by", "case", "create", "delete", "desc",
            "distinct", "drop", "else", "end", "exists", "from", "group", "having", "in", "index",
            "inner", "insert", "into", "is", "join", "key", "left", "like", "limit", "not", "null",
            "on", "or", "order", "outer", "primary", "references", "right", "select", "set",
            "table", "then", "union", "unique", "update", "values", "view", "when", "where", "with",
        ],
        ..SLASHES
    },
    Language {
        names: &["lua", "haskell", "hs", "elm"],
        line: &["--"],
        block: None,
        quotes: "\"",
        keywords: &[
            "and", "case", "class", "data", "do", "else", "elseif", "end", "false", "for",
            "function", "if", "import", "in", "instance", "let", "local", "module", "nil", "not",
            "of", "or", "repeat", "return", "then", "true", "type", "until", "where", "while",
        ],
        ..SLASHES
    },
];
