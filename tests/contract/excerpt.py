#!/usr/bin/env python3
"""Cuts excerpts out of recorded GLPI exchanges for the contract tests.

usage: excerpt.py RECORDINGS_DIR

RECORDINGS_DIR holds v1-10.0/ and v1-11/ with one JSON file a call ({name, note, request, response}); tokens in them are
masked already. Each excerpt keeps what a test needs: the request's method, path and body, the response's status, the
headers the adapter reads, and the body without hypermedia links and without columns nothing reads. Rows beyond a few are
dropped; where the adapter reads such a list to its end, its Content-Range is rewritten to the rows that are left. Everything
that was changed is listed under "cut".
"""
import glob
import json
import os
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
HEADERS = {"date", "content-type", "content-range", "last-modified", "location", "etag"}

# Columns of wide tables that are kept.
USER = ("id name phone phone2 mobile realname firstname locations_id is_active is_deleted date_mod usertitles_id "
        "usercategories_id timezone entities_id").split()
ENTITY = "id name entities_id completename level".split()
SESSION = ("glpi_currenttime glpiID glpifriendlyname glpiname glpitimezone glpiactiveentities glpiactive_entity "
           "glpiactive_entity_recursive").split()
PROFILE = ("id name interface document dropdown entity followup group itilcategory itilfollowuptemplate knowbase "
           "knowbasecategory location logs slm solutiontemplate tasktemplate ticket user").split()
CONFIG = "version timezone url_base_api asset_types ticket_types document_max_size".split()

# number -> (rows kept or None for all, whether the rows left are all there is for the test)
ALL = (None, False)
NUMBERS = {
    **dict.fromkeys(
        [
          1, 3, 5, 7, 8, 12, 13, 14, 16, 18, 20, 21, 28, 29, 36, 49, 50, 59, 87, 88, 91, 92, 93, 94, 95, 96, 97, 99,
          102, 106, 111, 112, 119, 120, 121, 122, 123, 129, 134, 135, 139, 145, 146, 147, 150, 153, 160, 169, 170, 171, 172,
          174, 176, 177, 183, 187, 188, 195, 196, 198, 199, 202, 203, 204, 206, 208, 209, 210, 211, 212, 214, 217,
          219, 225, 226, 232, 235, 236, 254, 262, 263, 272, 273, 275, 279, 285, 286, 302, 304, 306, 308, 310, 311, 321, 325,
          327,
        ],
        ALL,
    ),
    **dict.fromkeys([107, 109, 110, 113, 114, 115, 116, 117], (3, True)),
    137: (5, True),
}
# What a test reads of one version alone.
ONLY = {"v1-10.0": {285}, "v1-11": {49, 50, 150, 153, 217}}


def pick(row, names):
    return {name: row[name] for name in names if name in row}


def cut_body(number, body, cuts):
    if isinstance(body, list):
        return [cut_row(number, row, cuts) for row in body]
    return cut_row(number, body, cuts)


def cut_row(number, row, cuts):
    if not isinstance(row, dict):
        return row
    if number == 28:
        session = row["session"]
        kept = pick(session, SESSION)
        kept["glpiactiveprofile"] = pick(session["glpiactiveprofile"], PROFILE)
        cuts.add("columns")
        return {"session": kept}
    if number == 29:
        cuts.add("columns")
        return {"cfg_glpi": pick(row["cfg_glpi"], CONFIG)}
    if number in (262, 263):
        cuts.add("columns")
        return pick(row, USER)
    if number == 134:
        cuts.add("columns")
        return pick(row, ENTITY)
    if "links" in row:
        cuts.add("links")
    return {name: value for name, value in row.items() if name != "links"}


def excerpt(path, number):
    with open(path, encoding="utf-8") as file:
        recorded = json.load(file)
    request, response = recorded["request"], recorded["response"]
    rows, complete = NUMBERS[number]
    cuts = set()
    body = response.get("body")
    if isinstance(body, str) and body[:1] in "[{":
        try:
            body = json.loads(body)
        except ValueError:
            pass
    headers = {name.lower(): value for name, value in response["headers"].items() if name.lower() in HEADERS}
    if isinstance(body, str):
        cuts.add("text")
        body = body[:200]
    elif body is not None:
        if rows is not None and isinstance(body, list) and len(body) > rows:
            cuts.add(f"rows {len(body)} -> {rows}")
            body = body[:rows]
        if complete and "content-range" in headers:
            cuts.add(f"Content-Range {headers['content-range']}")
            headers["content-range"] = f"0-{len(body) - 1}/{len(body)}"
        body = cut_body(number, body, cuts)
    out = {
        "name": recorded["name"],
        "note": recorded.get("note"),
        "request": {"method": request["method"], "path": request["path_decoded"]},
        "response": {"status": response["status"], "headers": headers},
    }
    if request.get("body") is not None:
        out["request"]["body"] = request["body"]
    if complete and response["status"] == 206:
        cuts.add("status 206")
        out["response"]["status"] = 200
    if body is not None:
        out["response"]["body"] = body
    elif "body_base64_first_4096" in response:
        out["response"]["body_base64"] = response["body_base64_first_4096"]
    if cuts:
        out["cut"] = sorted(cuts)
    return out


def main():
    source = sys.argv[1]
    for version in ("v1-10.0", "v1-11"):
        target = os.path.join(HERE, "recordings", version)
        os.makedirs(target, exist_ok=True)
        elsewhere = set().union(*(numbers for other, numbers in ONLY.items() if other != version))
        for number in sorted(NUMBERS.keys() - elsewhere):
            found = glob.glob(os.path.join(source, version, f"{number:03d}-*.json"))
            if not found:
                sys.exit(f"{version}/{number:03d} is not recorded")
            name = os.path.basename(found[0])
            with open(os.path.join(target, name), "w", encoding="utf-8") as file:
                json.dump(excerpt(found[0], number), file, ensure_ascii=False, indent=1)
                file.write("\n")


main()
