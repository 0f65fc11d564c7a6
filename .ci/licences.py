"""Holds deny.toml's licences and bans where cargo-deny is not installed: reads `cargo tree`."""
import re
import subprocess
import sys
import tomllib

rules = tomllib.load(open("deny.toml", "rb"))
allowed = set(rules["licenses"]["allow"])
tree = subprocess.check_output(
    ["cargo", "tree", "--locked", "--edges=normal,build", "--prefix=none", "--no-dedupe", "--format={p}|{l}"], text=True)
packages = sorted({tuple(line.split("|")) for line in tree.splitlines() if line})
versions, wrong = {}, []


def fits(expression):
    """An SPDX expression: one side of every OR, all sides of every AND."""
    expression = expression.replace("/", " OR ")
    tokens = re.findall(r"\(|\)|[^\s()]+(?: WITH [^\s()]+)?", expression)
    code = " ".join(
        {"OR": "or", "AND": "and", "(": "(", ")": ")"}.get(t, repr(t in allowed)) for t in tokens)
    return eval(code)  # only True, False, and, or and brackets


for package, licence in packages:
    name, version = package.split()[:2]
    versions.setdefault(name, []).append(version)
    if not licence or not fits(licence):
        wrong.append(f"{package}: licence {licence!r} is not in deny.toml")
    if "(git" in package or "(http" in package:
        wrong.append(f"{package}: is from no registry")
for name in ("geojson", "rstar"):
    if len(versions.get(name, [])) != 1:
        wrong.append(f"{name} is there in versions {versions.get(name)}; one is wanted")
print(f"{len(packages)} packages, {len(wrong)} wrong")
sys.exit("\n".join(wrong) if wrong else 0)
