"""python-can reads a candump log, cantools decodes every frame: the same work as the agent's collector, in one process."""
import gzip, io, json, sys, time, can, cantools

log, rounds, *dbcs = sys.argv[1:]
databases = [cantools.database.load_file(path, strict=False) for path in dbcs]
by_id, by_pgn = {}, {}
for database in databases:
    for message in database.messages:
        if message.protocol == 'j1939':
            by_pgn[(message.frame_id >> 8) & 0x3FFFF] = message
        else:
            by_id[(message.frame_id, message.is_extended_frame)] = message

def run():
    frames = readings = 0
    with gzip.open(log, 'rt') as file:
        for frame in can.CanutilsLogReader(io.StringIO(file.read())):
            frames += 1
            message = by_id.get((frame.arbitration_id, frame.is_extended_id))
            if message is None and frame.is_extended_id:
                message = by_pgn.get((frame.arbitration_id >> 8) & 0x3FFFF)
            if message is not None:
                readings += len(message.decode(frame.data, decode_choices=False, allow_truncated=True))
    return frames, readings

best = None
for _ in range(int(rounds)):
    start = time.process_time()
    frames, readings = run()
    cpu = time.process_time() - start
    best = cpu if best is None else min(best, cpu)
print(json.dumps({'frames': frames, 'readings': readings, 'cpuSeconds': best}))
