"""A unit that speaks through paho-mqtt: publishes what its arguments say, prints one JSON line on what it heard.

Arguments: port, protocol (4 or 5), unit, messages, directory of certificates ("-" without TLS).
"""

import json
import sys
import threading

import paho.mqtt.client as mqtt

port, protocol, unit, count, certificates = sys.argv[1:6]
client = mqtt.Client(mqtt.CallbackAPIVersion.VERSION2, client_id=unit, protocol=int(protocol))
if certificates != "-":
    client.tls_set(f"{certificates}/ca.pem", f"{certificates}/{unit}.pem", f"{certificates}/{unit}.key.pem")

heard = {"granted": [], "acknowledged": [], "controls": [], "gateway": None}
done = threading.Event()


def on_connect(client, userdata, flags, reason, properties):
    for key, value in getattr(properties, "UserProperty", []):
        if key == "odograph-gateway":
            heard["gateway"] = value
    client.subscribe([(f"odograph/1/{unit}/control", 1), ("#", 1)])


def on_subscribe(client, userdata, mid, reasons, properties):
    heard["granted"] = [reason.value for reason in reasons]
    for i in range(int(count)):
        client.publish(f"odograph/1/{unit}/batch", f"message {i}", qos=1)


def finish_when_complete():
    if len(heard["acknowledged"]) == int(count) and heard["controls"]:
        done.set()


def on_publish(client, userdata, mid, reason, properties):
    heard["acknowledged"].append(reason.value)
    finish_when_complete()


def on_message(client, userdata, message):
    heard["controls"].append(message.payload.decode())
    finish_when_complete()


client.on_connect, client.on_subscribe = on_connect, on_subscribe
client.on_publish, client.on_message = on_publish, on_message
client.connect("127.0.0.1", int(port))
client.loop_start()
if not done.wait(15):
    sys.exit(f"not everything came: {heard}")
client.disconnect()
print(json.dumps(heard))
