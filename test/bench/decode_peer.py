"""cantools decodes frames that are in memory, scaled, choices off: what bench:decode is held against."""
import json, re, gzip, sys, time, cantools

log, rounds, *dbcs = sys.argv[1:]
by_id, by_pgn = {}, {}
for path in dbcs:
    for message in cantools.database.load_file(path, strict=False).messages:
        if message.protocol == 'j1939':
            by_pgn[(message.frame_id >> 8) & 0x3FFFF] = message
        else:
            by_id[(message.frame_id, message.is_extended_frame)] = message

frames = []
for line in gzip.open(log, 'rt'):
    match = re.match(r'\(([\d.]+)\) (\S+) ([0-9A-F]+)#([0-9A-F]*)', line)
    id, extended = int(match[3], 16), len(match[3]) == 8
    message = by_id.get((id, extended)) or (by_pgn.get((id >> 8) & 0x3FFFF) if extended else None)
    if message:
        frames.append((message, bytes.fromhex(match[4])))

times, readings = [], 0
for _ in range(int(rounds)):
    readings = 0
    start = time.process_time()
    for message, data in frames:
        readings += len(message.decode(data, decode_choices=False, allow_truncated=True))
    cpu = time.process_time() - start
    times.append(cpu)
print(json.dumps({'readings': readings, 'seconds': sorted(times)[len(times) // 2]}))
