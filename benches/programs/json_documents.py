"""JSON: dumps and loads of documents as a web API returns them."""

import json
import sys
from typing import Any

ROUNDS = int(sys.argv[1]) if len(sys.argv) > 1 else 14


def order(i: int) -> dict[str, Any]:
    return {
        "id": f"ord_{i:08x}",
        "created": f"2024-{i % 12 + 1:02d}-{i % 28 + 1:02d}T{i % 24:02d}:{i % 60:02d}:00Z",
        "customer": {"id": i % 5003, "name": f"Customer {i % 5003}", "vip": i % 17 == 0, "note": None},
        "lines": [
            {"sku": f"SKU-{(i * 13 + k) % 9973}", "quantity": k + 1, "price": (i % 1000) / 8 + k, "tags": ["new", "eu"]}
            for k in range(i % 4 + 1)
        ],
        "address": {
            "street": f"Straße {i % 311}",
            "city": "Köln",
            "zip": f"{i % 99999:05d}",
            "geo": [50.9 + i / 1e6, 6.9],
        },
    }


def main() -> None:
    total = 0
    for turn in range(ROUNDS):
        document = {"page": turn, "orders": [order(turn * 5000 + i) for i in range(5000)]}
        text = json.dumps(document, indent=None if turn % 2 else 1)
        again = json.loads(text)
        total += len(text) + sum(len(o["lines"]) for o in again["orders"])
    print(total)


main()
