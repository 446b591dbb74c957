"""python test_vectors.py protocols/batch/vectors/batches.json: decodes every vector in both forms, compares every value."""
import json
import sys

import numpy as np

from odograph_batch import decode


def plain(value):
    """A value as the vectors have it: floats as the hex of their bits, 64-bit integers as text."""
    if isinstance(value, (np.float32, np.float64)):
        return value.byteswap().tobytes().hex() if sys.byteorder == "little" else value.tobytes().hex()
    return str(value) if isinstance(value, str) else int(value)


def check(vector, decoded):
    _, tables, events = decoded
    expect = vector["expect"]
    assert len(tables) == len(expect["tables"])
    for (name, bus, source, times, columns), want in zip(tables, expect["tables"]):
        assert (name, bus, source, times.tolist()) == (want["name"], want["bus"], want["source"], want["timesUs"])
        for (signal, (values, quality)), column in zip(columns.items(), want["signals"], strict=True):
            assert signal == column["name"]
            assert quality.tolist() == column["quality"], signal
            for value, code, wanted in zip(values, quality, column["values"], strict=True):
                got = plain(value)
                assert code or got == wanted or str(got) == wanted, (signal, got, wanted)
    want = [[e["timeUs"], e["name"], e["attributes"]] for e in expect["events"]]
    assert [[decoded[0][7] + 100 * t, n, a] for t, n, a in events] == want


for vector in json.load(open(sys.argv[1])):
    check(vector, decode(bytes.fromhex(vector["uplink"]), bytes.fromhex(vector["schema"])))
    check(vector, decode(bytes.fromhex(vector["selfContained"])))
    print("ok", vector["name"])
