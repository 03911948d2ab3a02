# SPDX-License-Identifier: Apache-2.0
"""The bill of materials: every package in an image, as SPDX 2.3 in JSON (ISO/IEC 5962)."""

import datetime
import hashlib
import json

from maker.command import EPOCH


def of(packages, version):
    """The same for the same packages, as the image is."""
    names = "".join(f"{name} {number}\n" for name, number in packages)
    made = datetime.datetime.fromtimestamp(EPOCH, datetime.timezone.utc)
    bill = {
        "spdxVersion": "SPDX-2.3", "dataLicense": "CC0-1.0", "SPDXID": "SPDXRef-DOCUMENT",
        "name": f"yoke-{version}",
        "documentNamespace": f"urn:yoke:{version}:{hashlib.sha256(names.encode()).hexdigest()}",
        "creationInfo": {"created": made.strftime("%Y-%m-%dT%H:%M:%SZ"),
                         "creators": ["Tool: image/build"]},
        "packages": [{
            "SPDXID": f"SPDXRef-{name.replace('+', '.').replace('_', '-')}", "name": name,
            "versionInfo": number, "downloadLocation": "NOASSERTION", "filesAnalyzed": False,
            "externalRefs": [{"referenceCategory": "PACKAGE-MANAGER", "referenceType": "purl",
                              "referenceLocator": f"pkg:deb/debian/{name}@{number}?arch=amd64"}],
        } for name, number in packages]}
    return json.dumps(bill, indent=1, sort_keys=True) + "\n"
