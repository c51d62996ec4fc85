"""Fills a marketplace with what requests can be about, and writes the names of it for schemathesis."""

import itertools
import json
import pathlib
import sys

import requests

ADDRESS, FOLDER = sys.argv[1], pathlib.Path(sys.argv[2])
KEYS = itertools.count()


def ask(who, method, path, body=None):
    headers = {
        "Authorization": f"Bearer {who}",
        "Idempotency-Key": f"key-of-the-story-{next(KEYS)}",
    }
    answer = requests.request(method, ADDRESS + path, headers=headers, json=body, timeout=30)
    if not answer.ok:
        sys.exit(f"{method} {path}: {answer.status_code} {answer.text}")
    return answer.json()


def write(name, values):
    """A dictionary in libFuzzer's form."""
    (FOLDER / f"{name}.dict").write_text("".join(json.dumps(value) + "\n" for value in values))


ADA, EVE, BOB, WHS = "dev:works:ada", "dev:works:eve", "dev:buyers:bob", "dev-system:whs"

publisher = ask(ADA, "POST", "/v1/publishers", {"handle": "works", "profile": {"name": "Works"}})
invite = {"role": "viewer"}
invited = ask(ADA, "POST", "/v1/publishers/works/invitations", invite)
member = ask(EVE, "POST", "/v1/invitations/accept", {"code": invited["code"]})
open_invitations = [
    ask(ADA, "POST", "/v1/publishers/works/invitations", invite) for _ in range(4)
]

listings, entitlements, installs, tokens, reports = [], [], [], [], []
for number, slug in enumerate(["first", "second", "third", "fourth", "fifth", "sixth"]):
    upstream = f"agt_{slug}"
    listing = ask(ADA, "POST", "/v1/listings", {
        "publisher": publisher["id"],
        "slug": slug,
        "asset": {"kind": "whs_agent", "whsAgentId": upstream},
        "content": {
            "title": f"The {slug} of them",
            "summary": "Does one thing.",
            "category": "household",
            "priceClass": "free",
            "visibility": "public",
        },
    })["id"]
    listings.append(listing)
    for version in ["1.0.0", "1.1.0"]:
        ask(ADA, "POST", f"/v1/listings/{listing}/releases", {"version": version})
    ask(WHS, "POST", "/v1/references", {
        "publisher": publisher["id"],
        "kind": "whs_agent",
        "upstreamId": upstream,
        "decision": "confirm",
    })
    if slug == "sixth":
        continue  # It stays a draft.
    ask(ADA, "POST", f"/v1/listings/{listing}/publish")
    for buyer in [BOB, ADA]:
        owned = ask(buyer, "POST", f"/v1/listings/{listing}/claim")
        entitlements.append(owned["id"])
        begun = ask(buyer, "POST", "/v1/installs", {"listing": listing, "method": "token"})
        installs.append(begun["handovers"][0]["id"])
        if buyer == BOB:
            tokens.append(begun["handovers"][0]["token"])
    if number < 3:
        reports.append(ask(BOB, "POST", "/v1/reports", {
            "subject": {"kind": "listing", "id": listing},
            "class": "spam",
            "text": "It sends too much mail.",
        })["id"])

write("publishers", ["works", publisher["id"], "northwind-tools"])
write("publisher-ids", [publisher["id"]])
write("listings", listings)
write("persons", [member["person"]])
write("invitations", [invitation["id"] for invitation in open_invitations])
write("codes", [invitation["code"] for invitation in open_invitations])
write("entitlements", entitlements)
write("installs", installs)
write("tokens", tokens)
write("reports", reports)
