#!/usr/bin/env python3
"""The published schema judges the corpus and the manual as the parser does.

Usage: policy_schema.py SOURCE_DIRECTORY
Ends with 77 where python3-jsonschema is missing (a skip), unless
SBK_TESTS_MUST_RUN=1.
"""
import json
import os
import re
import sys

try:
    import jsonschema
except ImportError:
    print("python3-jsonschema is not installed")
    sys.exit(1 if os.environ.get("SBK_TESTS_MUST_RUN") == "1" else 77)

source = sys.argv[1]
with open(os.path.join(source, "engine", "policy.schema.json")) as file:
    schema = json.load(file)
Validator = jsonschema.Draft202012Validator
Validator.check_schema(schema)
whole = Validator(schema)
project = Validator(
    {"$defs": schema["$defs"], "$ref": "#/$defs/project"})
failures = 0
judged = 0


def judge(what, data, is_project, accepted):
    global failures, judged
    judged += 1
    try:
        value = json.loads(data.decode("utf-8"))
        answer = (project if is_project else whole).is_valid(value)
    except (ValueError, RecursionError):
        answer = False  # no JSON at all, or too deep for one
    if answer != accepted:
        failures += 1
        print(f"{what}: the schema says {answer}, wanted {accepted}")


for folder, accepted in (("accept", True), ("reject", False),
                         ("beyond", True)):
    path = os.path.join(source, "tests", "data", "policy", folder)
    for name in sorted(os.listdir(path)):
        with open(os.path.join(path, name), "rb") as file:
            judge(f"{folder}/{name}", file.read(),
                  name.startswith("project-"), accepted)

with open(os.path.join(source, "engine", "POLICY.md"), "rb") as file:
    manual = file.read()
for fence, text in re.findall(rb"```json( project)?\n(.*?)```", manual, re.S):
    judge("POLICY.md", text, bool(fence), True)

print(f"{judged} texts judged, {failures} differ")
sys.exit(1 if failures or judged < 80 else 0)
