# SPDX-License-Identifier: MIT
"""What real clients do that no specification says (docs/wire.md 11), byte by byte, with a viewer who must get it all."""

import struct

from rtmp import Client, Stranger, amf0, amf0_all, chunked
from scenario import scenario
from scenarios.streams import AUDIO, COMMAND, DATA, HEADER, INTER, KEY, SOUND, USER, VIDEO, Viewer, house, same
from server import Failure

END = b"\x17\x02\0\0\0"  # AVC end of sequence


def command(name, transaction, *values, csid=3, stream=0):
    return chunked(csid, COMMAND, stream, 0, b"".join(amf0(v) for v in (name, transaction, *values)), 4096)


def connect(flash_ver="FMLE/3.0 (compatible; test)", app="live"):
    about = {"app": app, "type": "nonprivate", "tcUrl": f"rtmp://127.0.0.1/{app}"}
    return command("connect", 1, {**about, **({"flashVer": flash_ver} if flash_ver else {})})


def chunk_size(size):
    return chunked(2, 1, 0, 0, struct.pack(">I", size))


def encoder(server, *words):
    """A client that says `words` behind its handshake; tshark need not understand what encoders say in error."""
    client = Stranger(server)
    client.handshake()
    for word in words:
        client.send(word)
    return client


class Watcher(Viewer):
    """A viewer that came before the publisher."""

    def until_end(self):
        """[(kind, time, body)] of all media up to a data message "onMark"."""
        heard = []
        while True:
            kind, _, body = self.message()
            if kind == DATA and amf0_all(body)[0] == "onMark":
                return heard
            if kind in (AUDIO, VIDEO):
                heard.append((kind, self.time, body))


def mark(csid=5, stream=1):
    return chunked(csid, DATA, stream, 0, amf0("onMark"))


def started(client, viewer):
    """The encoder may begin, and the viewer will hear it from the first byte on."""
    status = client.until("onStatus")[3]
    same(status["code"], "NetStream.Publish.Start", "the answer to publish")
    viewer.status("NetStream.Play.PublishNotify")
    return client


def published(*words, media, wanted, what):
    """An encoder connects and publishes with `words`, then sends `media`: a viewer hears `wanted`."""
    with house() as server, Watcher(server) as viewer:
        with started(encoder(server, *words), viewer) as client:
            for piece in media:
                client.send(piece)
            client.send(mark())
            same(viewer.until_end(), wanted, what)


PUBLISH = command("createStream", 4, None), command("publish", 5, None, "cam", "live", csid=8, stream=1)


@scenario
def quirk_obs():
    """Chunk size before connect, all media on one chunk stream, an end of sequence whose time is nonsense."""
    published(chunk_size(4096), connect(), command("releaseStream", 2, None, "cam"), command("FCPublish", 3, None, "cam"), *PUBLISH,
              media=[chunked(4, VIDEO, 1, 0, HEADER), chunked(4, VIDEO, 1, 0, KEY), chunked(4, AUDIO, 1, 20, SOUND),
                     chunked(4, VIDEO, 1, 0xFFFFFE, END), chunked(4, VIDEO, 1, 40, INTER)],
              wanted=[(VIDEO, 0, HEADER), (VIDEO, 0, KEY), (AUDIO, 20, SOUND), (VIDEO, 20, END), (VIDEO, 40, INTER)], what="OBS")


def long_frame(time, body, with_field):
    """Chunks of 128 bytes with an extended time, which OBS until 30.0 and old librtmp do not repeat."""
    extended = struct.pack(">I", time)
    out = b"\x04\xff\xff\xff" + len(body).to_bytes(3, "big") + bytes([VIDEO]) + struct.pack("<I", 1) + extended + body[:128]
    for i in range(128, len(body), 128):
        out += b"\xc4" + (extended if with_field else b"") + body[i:i + 128]
    return out


@scenario
def quirk_extended_time_repeated_or_not():
    """Type-3 chunks with and without the extended time: told apart by what is there. Times from boot, as of cameras."""
    boot = 0x1234567
    frame = KEY + bytes(range(256)) * 2
    for with_field in (True, False):
        with house() as server, Watcher(server) as viewer, started(encoder(server, connect(), *PUBLISH), viewer) as client:
            client.send(chunk_size(128))
            for i in range(3):
                client.send(long_frame(boot + 40 * i, frame, with_field))
            client.send(mark())
            heard = viewer.until_end()
            same([body == frame for _, _, body in heard], 3 * [True], "bodies are whole")
            same([time - heard[0][1] for _, time, _ in heard], [0, 40, 80], "times")


@scenario
def quirk_librtmp():
    """No flashVer, publish on chunk stream 4, a ping answered with a first header of type 1, controls that begin with type 3."""
    pong = struct.pack(">HI", 7, 1)
    with house() as server, Watcher(server) as viewer:
        words = connect(flash_ver=None), command("createStream", 4, None), command("publish", 5, None, "cam", "live", csid=4, stream=1)
        with started(encoder(server, *words), viewer) as client:
            client.send(b"\x42\0\0\0\0\0\x06\x04" + pong + b"\xc2" + pong + chunked(4, VIDEO, 1, 0, KEY) + mark())
            same(viewer.until_end(), [(VIDEO, 0, KEY)], "librtmp")
            client.send(chunked(2, USER, 0, 0, struct.pack(">HI", 6, 5)))
            while client.message()[2] != struct.pack(">HI", 7, 5):
                pass


@scenario
def quirk_gstreamer():
    """Transaction 0 for all that needs no answer: none comes. Chunk size 128 is said though it is the default."""
    words = [chunk_size(128), connect(), command("releaseStream", 0, None, "cam"), command("FCPublish", 0, None, "cam"),
             command("createStream", 2, None), command("publish", 0, None, "cam", "live", stream=1)]
    with house() as server, Watcher(server) as viewer, encoder(server, *words) as client:
        answered = []
        while True:
            kind, _, body = client.message()
            values = amf0_all(body) if kind == COMMAND else [None]
            if values[0] in ("_result", "_error"):
                answered.append(values[1])
            if values[0] == "onStatus":
                break
        same(answered, [1, 2], "what was answered")
        viewer.status("NetStream.Play.PublishNotify")
        client.send(chunked(4, VIDEO, 1, 0, KEY) + mark())
        same(viewer.until_end(), [(VIDEO, 0, KEY)], "GStreamer")


@scenario
def quirk_orders_of_commands():
    """Wirecast, Haivision, HaishinKit, and one that gives no type: any order, any transaction, any chunk stream."""
    release, announce = command("releaseStream", 2, None, "cam"), command("FCPublish", 3, None, "cam")
    create, publish = PUBLISH
    orders = {"Wirecast": [connect(), release, announce, create, publish],
              "Haivision": [connect(), command("_checkbw", 2, None), create, announce, publish],
              "HaishinKit": [connect(), create, announce, command("publish", 0, None, "cam", "live", csid=8, stream=1)],
              "no type": [connect(), create, command("publish", 5, None, "cam", csid=8, stream=1)]}
    for name, words in orders.items():
        published(*words, media=[chunked(9, VIDEO, 1, 0, KEY), chunked(7, AUDIO, 1, 5, SOUND)],
                  wanted=[(VIDEO, 0, KEY), (AUDIO, 5, SOUND)], what=name)


@scenario
def quirk_fmle_type_3_after_type_0():
    """A message that begins with type 3 right behind one of type 0 has that one's time as its delta."""
    published(connect(), *PUBLISH, media=[chunked(4, VIDEO, 1, 26, KEY), b"\xc4" + KEY],
              wanted=[(VIDEO, 26, KEY), (VIDEO, 52, KEY)], what="FMLE")


@scenario
def quirk_ffmpeg_takes_our_chunk_size():
    """ffmpeg answers our Set Chunk Size with the same and goes on with it, in the middle of connecting."""
    with house() as server, Watcher(server) as viewer, encoder(server, connect()) as client:
        client.until("_result")
        same(client.chunk_size > 4096, True, "commands come in one chunk")
        size = client.chunk_size
        frame = KEY + bytes(size + 1000)
        client.send(chunk_size(size))
        for word in PUBLISH:
            client.send(word)
        started(client, viewer)
        client.send(chunked(6, VIDEO, 1, 0, frame, size) + mark())
        same([(kind, len(body)) for kind, _, body in viewer.until_end()], [(VIDEO, len(frame))], "ffmpeg")


@scenario
def quirk_answers_in_one_chunk():
    """Old stacks want each command in one chunk: the chunk size is said before the _result of connect."""
    with house() as server, encoder(server, connect()) as client:
        kinds = []
        while not kinds or kinds[-1] != COMMAND:
            kinds.append(client.message()[0])
        if 1 not in kinds or client.chunk_size < 4096:
            raise Failure(f"before _result came {kinds}, chunk size {client.chunk_size}")


@scenario
def quirk_wirecast_level_before_code():
    with house() as server, encoder(server, connect(), *PUBLISH) as client:
        while True:
            kind, _, body = client.message()
            if kind == COMMAND and amf0_all(body)[0] == "onStatus":
                break
        same(body.index(b"level") < body.index(b"code") < body.index(b"description"), True, "level, code, description")


@scenario
def quirk_sample_access_after_start():
    """Flash Player: |RtmpSampleAccess comes behind Play.Start."""
    with house() as server, Client(server.port) as client:
        client.connect()
        client.play("cam")
        order = []
        while len(order) < 2 or order[-1] != "|RtmpSampleAccess":
            kind, _, body = client.message()
            values = amf0_all(body) if kind in (COMMAND, DATA) else [None]
            if values[0] in ("onStatus", "|RtmpSampleAccess"):
                order.append(values[3]["code"] if values[0] == "onStatus" else values[0])
        same(order[-2:], ["NetStream.Play.Start", "|RtmpSampleAccess"], "the order")


@scenario
def quirk_drones_and_data_tracks():
    """DJI: FourCCs that nobody knows, audio format 15, codec 2. ffmpeg's data track: four bytes that are no data message. What
    cannot be understood is left out, and the link stays."""
    foreign, odd_sound, sorenson = bytes.fromhex("9700000001000000"), b"\xff\x00", b"\x12\x00\x00\x84"
    published(connect(), *PUBLISH,
              media=[chunked(6, VIDEO, 1, 0, foreign), chunked(5, DATA, 1, 0, b"\0\0\0\0"), chunked(4, AUDIO, 1, 0, odd_sound),
                     chunked(6, VIDEO, 1, 0, sorenson), chunked(4, AUDIO, 1, 20, SOUND)],
              wanted=[(VIDEO, 0, sorenson), (AUDIO, 20, SOUND)], what="DJI")


@scenario
def quirk_private_hevc_and_metadata_frames():
    """HEVC as codec 12, and Metadata of Enhanced RTMP whose frame bits say "command", are carried as they are."""
    header, key = b"\x1c\0\0\0\0hvcC", b"\x1c\x01\0\0\0key"
    colours = bytes.fromhex("d468766331020009636f6c6f72496e666f06")
    published(connect(), *PUBLISH,
              media=[chunked(6, VIDEO, 1, 0, header), chunked(6, VIDEO, 1, 0, key), chunked(6, VIDEO, 1, 0, colours)],
              wanted=[(VIDEO, 0, header), (VIDEO, 0, key), (VIDEO, 0, colours)], what="Larix, ffmpeg")
