"""Decodes an Odograph batch (protocols/batch/README.md) with cbor2 and numpy: a stock CBOR library and running sums."""
import io, zlib, cbor2, numpy as np

def decode(batch, schema=None):
    """(header, tables, events). `schema`: bytes of the schema, where the batch only names it. Times are µs, values raw."""
    version, header, own, body = cbor2.loads(batch)
    assert version == 1, f"batch version {version}"
    definitions = (own if isinstance(own, list) else cbor2.loads(schema))[1]
    body = body if isinstance(body, list) else cbor2.loads(zlib.decompress(body, -15))
    heads, tails, octets, dictionaries, events = body + [b"", [], []][len(body) - 2:]
    nibbles = iter(np.frombuffer(heads, "u1").repeat(2) >> np.tile([4, 0], len(heads)) & 15)
    tails, octets, dictionaries = io.BytesIO(tails), io.BytesIO(octets), iter(dictionaries)
    def number():
        head = int(next(nibbles))
        return head - 4 if head < 9 else int.from_bytes(tails.read(head - 8), "little", signed=True)
    def take(n): return np.frombuffer(octets.read(n), "i1").astype("i8")
    def series(n, base=0):
        if n == 1: return base + np.array([number()])
        predictor, storage = divmod(int(next(nibbles)), 4)
        a, b, n = number(), number() if predictor == 2 else 0, n - predictor
        r = (np.zeros(n, "i8") if storage == 0 else np.array([number() for _ in range(n)], "i8") if storage == 1 else
             np.array([number() if x == -128 else x for x in take(n)], "i8") if storage == 2 else take(n) % 256 + 256 * take(n))
        if predictor == 0: return a + base + r
        return np.cumsum(np.r_[a, np.cumsum(np.r_[b, r]) if predictor == 2 else r])
    def column(kind, n):
        values, items = series(n), next(dictionaries) if kind > 1 else None
        if kind < 2: return values                                  # int32, int53; the others are indices into a dictionary
        return np.array(items if kind == 6 else np.frombuffer(items.value, {2: "<i8", 3: "<u8", 4: "<f4", 5: "<f8"}[kind]))[values]
    counts, times, tables, qualities, at = [], {}, [], [], -1
    while len(counts) < len(definitions): counts += [number()] * (len(definitions) - len(counts) - number())
    for (name, bus, source, signals), n in ((d, n) for d, n in zip(definitions, counts) if n):
        times[n] = series(n, times.get(n, 0))
        columns = {s[0]: (column(s[2], n), np.zeros(n, "u1")) for s in signals}    # name: (values, quality codes)
        tables.append((name, bus, source, header[7] + 100 * times[n], columns))
        qualities += [quality for _, quality in columns.values()]
    for _ in range(number()):                                       # columns that have quality
        at, row = at + 1 + number(), 0
        for _ in range(number()):                                   # runs of (rows skipped, length, code)
            row += number(); end = row + number(); qualities[at][row:end] = number(); row = end
    return header, tables, events
