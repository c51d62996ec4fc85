"""What schemathesis is told beside its configuration."""

import re

import schemathesis

# Refusals of well-formed requests that no schema can foresee, by their code.
CODES = {
    "idempotency_key_reused",  # The key stood before another request.
    "invalid_cursor",  # Cursors are opaque, and are of one query and one reader.
    "cursor_too_old",  # Those of the feed are of one deployment.
    "invalid_token",  # So are install tokens.
    "revision_mismatch",  # It was edited since.
    "upload_rejected",
}

# Rules of fields that no schema can say, as problems tell them.
RULES = [
    re.compile(rule)
    for rule in [
        # Characters that can't be seen, or that hide others: classes of Unicode, not ranges.
        r"may only hold (visible characters on one line|printable characters)",
        r"may not begin or end with white space",
        r"must have at most \d+ combining marks on a letter",
        r"mixes letters of scripts that look alike",
        r"uses letters that only look like Latin ones",
        # What looks like a secret is refused wherever it stands.
        r"holds what looks like",
        r"is reserved",
        # Bounds in bytes, where characters have several.
        r"must have at most \d+ bytes",
        # A link is measured in its canonical form.
        r"^(link|artifactUri) must have at most 2048 characters",
        r"must be a web address",
        r"must be a URI with a host",
        r"must not hold a user name or password",
        # Numbers of more than 64 bits, and grammars that no regular expression holds.
        r"^version must be a semantic version",
        r"must be a range of versions",
        r"must be an SPDX",
        # Years, and the order of two times.
        r"^timestamp is outside the allowed range",
        r"^window must end after it starts",
    ]
]


@schemathesis.check
def refused_for_what_no_schema_says(ctx, response, case):
    """A request that fits the document is refused for such a reason alone."""
    positive = case.meta is not None and case.meta.generation.mode.is_positive
    if not positive or response.status_code not in (400, 410, 412, 422):
        return
    problem = response.json()
    if problem["code"] in CODES:
        return
    for error in problem.get("errors", []):
        pointer, rule = error["pointer"], error["detail"]
        value = sent(case, pointer)
        # White space alone is as good as nothing.
        blank = rule.endswith("must not be empty") and value != ""
        # By JSON Schema 1.0 is an integer; here whole numbers are written as such.
        pointed = isinstance(value, float)
        assert blank or pointed or any(known.search(rule) for known in RULES), (
            f"the document could say this: {pointer} {rule}"
        )
    assert problem.get("errors"), f"the document says nothing of this: {problem['code']}"


def sent(case, pointer):
    """What was sent in this place of the body, or under this name in the query."""
    if not pointer.startswith("/"):
        return (case.query or {}).get(pointer)
    value = case.body
    for step in pointer.split("/")[1:]:
        step = step.replace("~1", "/").replace("~0", "~")
        if isinstance(value, list):
            value = value[int(step)]
        elif isinstance(value, dict):
            value = value.get(step)
        else:
            return None
    return value
