"""Bytes of the same batches by Snappy and Parquet. A line in: {protobuf: base64, series: [{name, timesUs, values}]}."""
import base64
import io
import json
import sys

import cramjam
import pyarrow as pa
import pyarrow.parquet as pq

snappy = parquet = 0
for line in sys.stdin:
    batch = json.loads(line)
    snappy += len(bytes(cramjam.snappy.compress_raw(base64.b64decode(batch["protobuf"]))))
    rows = [(s["name"], t, v) for s in batch["series"] for t, v in zip(s["timesUs"], s["values"])]
    names, times, values = zip(*rows)
    table = pa.table({"signal": pa.array(names).dictionary_encode(), "time": pa.array(times, pa.timestamp("us")), "value": values})
    file = io.BytesIO()
    # The narrowest of what pyarrow offers here: times as deltas, no statistics, no embedded Arrow schema.
    pq.write_table(
        table, file, compression="zstd", compression_level=9, store_schema=False, write_statistics=False,
        use_dictionary=["signal", "value"], column_encoding={"time": "DELTA_BINARY_PACKED"}, version="2.6",
    )
    parquet += file.tell()
print(json.dumps({"snappy": snappy, "parquet": parquet}))
