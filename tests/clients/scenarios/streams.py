# SPDX-License-Identifier: MIT
"""What a connection may do with its streams, said and heard byte by byte: several at once, wishes, data, tracks."""

import contextlib
import select
import struct

from rtmp import STREAM, Client, amf0, amf0_all, chunked
from scenario import scenario
from server import Failure, Server

AUDIO, VIDEO, DATA, AGGREGATE, COMMAND, USER = 8, 9, 18, 22, 20, 4
HEADER, OTHER_HEADER = bytes.fromhex("1700000000014d401effe1"), bytes.fromhex("17000000000164001fffe1")
KEY, INTER, SOUND = b"\x17\x01\0\0\0key", b"\x27\x01\0\0\0inter", b"\xaf\x01sound"


def same(found, wanted, what):
    if found != wanted:
        raise Failure(f"{what}: {found} instead of {wanted}")


class Publisher(Client):
    def __init__(self, server, name="cam"):
        super().__init__(server.port)
        self.connect()
        same(self.publish(name)["code"], "NetStream.Publish.Start", "publish")
        self.id = 1

    def say(self, kind, body, time=0, stream=None):
        self.send(chunked(6, kind, stream or self.id, time, body))

    def data(self, name, *values, time=0, stream=None):
        self.say(DATA, b"".join(amf0(v) for v in (name, *values)), time, stream)


class Viewer(Client):
    """Hears media as a list of (stream, kind, body); data by name.

    publisher  wait until what it sends arrives: from then on nothing is missed
    """

    def __init__(self, server, publisher=None, **more):
        super().__init__(server.port)
        self.connect(**more)
        self.id = self.play("cam")
        self.status("NetStream.Play.Start")
        while publisher and not self.hears(publisher):
            pass

    def hears(self, publisher):
        publisher.data("onHello")
        while self.buffer or select.select([self.socket], [], [], 0.1)[0]:
            kind, _, body = self.message()
            if kind == DATA and amf0_all(body)[0] == "onHello":
                return True
        return False

    def status(self, code):
        """Pass over everything up to that status; what media came before it."""
        heard = []
        while True:
            kind, stream, body = self.message()
            if kind in (AUDIO, VIDEO):
                heard.append((stream, kind, body))
            if kind == COMMAND and amf0_all(body)[-1].get("code") == code:
                return heard

    def until(self, mark):
        """Media and data up to the data message `mark`; a command's name does as well, see Client."""
        heard = []
        while True:
            kind, stream, body = self.message()
            values = amf0_all(body) if kind in (DATA, COMMAND) and body else [None]
            if values[0] == mark:
                return heard if kind == DATA else values
            if kind in (AUDIO, VIDEO):
                heard.append((stream, kind, body))
            elif kind == DATA and values[0] not in ("|RtmpSampleAccess", "onHello"):
                heard.append((stream, kind, values[0]))

    def order(self, name, *values, stream=None):
        self.command(name, 0, None, *values, stream=stream or self.id, csid=STREAM)

    def asked(self):
        """Wait until the server has heard all that was said: it answers a ping in its turn."""
        self.send(chunked(2, USER, 0, 0, struct.pack(">HI", 6, 4711)))
        while True:
            kind, _, body = self.message()
            if kind == USER and body == struct.pack(">HI", 7, 4711):
                return


@contextlib.contextmanager
def house():
    with Server("app.live.linger=0ms", "app.live.latency=0", open_publish=True) as server:
        yield server


@scenario
def streams_two_in_two_out():
    """One connection publishes two streams and plays both; each arrives under its own number."""
    with house() as server, Publisher(server, "one") as both:
        both.publish("two")
        ids = [both.play(name) for name in ("one", "two")]
        same(ids, [3, 4], "message streams")
        both.say(VIDEO, KEY, stream=1)
        both.say(VIDEO, KEY + b"2", stream=2)
        heard = {}
        while len(heard) < 2:
            kind, stream, body = both.message()
            if kind == VIDEO:
                heard[stream] = body
        same(heard, {3: KEY, 4: KEY + b"2"}, "media")
        both.command("deleteStream", 0, None, 1)
        codes = []
        while "NetStream.Play.UnpublishNotify" not in codes:
            kind, stream, body = both.message()
            if kind == COMMAND and stream == 3:
                codes.append(amf0_all(body)[3]["code"])
        both.say(VIDEO, KEY + b"3", stream=2)
        while True:
            kind, stream, body = both.message()
            if kind == VIDEO:
                same((stream, body), (4, KEY + b"3"), "the other stream goes on")
                return


@scenario
def streams_pause_and_toggle():
    """pause(true), pause(false), and pause(null), which turns it round."""
    with house() as server, Publisher(server) as publisher, Viewer(server, publisher) as viewer:
        publisher.say(VIDEO, KEY)
        publisher.data("onMark")
        same(viewer.until("onMark"), [(1, VIDEO, KEY)], "before")
        for on, off in ((True, False), (None, None)):
            viewer.order("pause", on, 0)
            viewer.status("NetStream.Pause.Notify")
            publisher.say(VIDEO, KEY + b"paused")
            publisher.say(VIDEO, KEY + b"newest")
            with Viewer(server) as witness:  # it is in the log, not only on its way
                publisher.data("onSeen")
                witness.until("onSeen")
            viewer.order("pause", off, 0)
            same(viewer.status("NetStream.Unpause.Notify"), [], "while paused")
            publisher.data("onMark")
            heard = [item for item in viewer.until("onMark") if item[1] == VIDEO]
            same(heard, [(1, VIDEO, KEY + b"newest")], "afterwards, from the newest key frame")


@scenario
def streams_without_sound_or_picture():
    """receiveAudio and receiveVideo; the picture comes back at a key frame, and a wish outlives a change of stream."""
    with house() as server, Publisher(server) as publisher, Viewer(server, publisher) as viewer:
        def round_of(*frames):
            for frame in frames:
                publisher.say(AUDIO if frame is SOUND else VIDEO, frame)
            publisher.data("onMark")
            return [body for _, _, body in viewer.until("onMark")]

        same(round_of(KEY, SOUND), [KEY, SOUND], "both")
        viewer.order("receiveVideo", False)
        viewer.asked()
        same(round_of(INTER, SOUND, KEY), [SOUND], "without picture")
        viewer.order("receiveVideo", True)
        viewer.asked()
        same(round_of(INTER, SOUND, KEY, INTER), [SOUND, KEY, INTER], "from a key frame on")
        viewer.order("receiveAudio", False)
        viewer.asked()
        same(round_of(INTER, SOUND), [INTER], "without sound")
        viewer.order("receiveAudio", True)
        viewer.order("receiveVideo", False)
        with Publisher(server, "other") as other:
            viewer.order("play", "other", -2000)
            viewer.status("NetStream.Play.Start")
            other.say(VIDEO, KEY)
            other.say(AUDIO, SOUND)
            other.data("onMark")
            same([body for _, _, body in viewer.until("onMark")], [SOUND], "the wish stays")


@scenario
def streams_data_in_order():
    """Data messages of any name keep their place among the frames; metadata and headers change in the middle."""
    with house() as server, Publisher(server) as publisher, Viewer(server, publisher) as viewer:
        publisher.data("@setDataFrame", "onMetaData", {"width": 1})
        publisher.say(VIDEO, HEADER)
        publisher.say(VIDEO, KEY)
        publisher.data("onCuePoint", {"name": "a"})
        publisher.say(AUDIO, SOUND)
        publisher.data("onTextData", {"text": "b"})
        publisher.data("anything", 1, True, None)
        publisher.data("@setDataFrame", "onMetaData", {"width": 2})
        publisher.say(VIDEO, OTHER_HEADER)
        publisher.say(VIDEO, KEY)
        publisher.data("onMark")
        wanted = ["onMetaData", HEADER, KEY, "onCuePoint", SOUND, "onTextData", "anything", "onMetaData", OTHER_HEADER,
                  KEY]
        same([what for _, _, what in viewer.until("onMark")], wanted, "live")
        with Viewer(server) as late:
            publisher.data("onMark")
            same([what for _, _, what in late.until("onMark")][:3], ["onMetaData", OTHER_HEADER, KEY], "late: the newest")
        publisher.data("@clearDataFrame", "onMetaData")
        publisher.say(VIDEO, KEY)
        publisher.data("onMark")
        viewer.until("onMark")
        with Viewer(server) as late:
            publisher.data("onMark")
            heard = [what for _, _, what in late.until("onMark")]
            same(heard[:2], [OTHER_HEADER, KEY], "late: metadata that was cleared")


@scenario
def streams_aggregate():
    """An aggregate is taken apart: players get its messages."""
    def part(kind, time, body):
        return (bytes([kind]) + len(body).to_bytes(3, "big") + (time & 0xFFFFFF).to_bytes(3, "big") + b"\0\0\0\0" + body
                + struct.pack(">I", 11 + len(body)))
    with house() as server, Publisher(server) as publisher, Viewer(server, publisher) as viewer:
        publisher.say(AGGREGATE, part(VIDEO, 0, KEY) + part(AUDIO, 10, SOUND) + part(VIDEO, 40, INTER))
        publisher.data("onMark")
        same([body for _, _, body in viewer.until("onMark")], [KEY, SOUND, INTER], "messages")


@scenario
def streams_tracks():
    """ManyTracks become one-track messages; who did not announce multitrack gets track 0, plain. ModEx passes through."""
    many = bytes.fromhex("96106876633100000002aabb01000001cc")  # sequence starts of hvc1, tracks 0 and 1
    modex = bytes.fromhex("97020c3500016176303112")
    with house() as server, Publisher(server) as publisher, \
            Viewer(server, publisher) as plain, Viewer(server, publisher, capsEx=2) as knows:
        publisher.say(VIDEO, many)
        publisher.say(VIDEO, bytes.fromhex("91abcdef010000"))  # a FourCC that does not exist: dropped
        publisher.say(VIDEO, modex)
        publisher.data("onMark")
        heard = [body.hex() for _, _, body in plain.until("onMark")]
        same(heard, ["9068766331aabb", modex.hex()], "plain")
        heard = [body.hex() for _, _, body in knows.until("onMark")]
        same(heard, ["9068766331aabb", "96006876633101cc", modex.hex()], "multitrack")


@scenario
def streams_small_questions():
    """getStreamLength, checkBandwidth, _checkbw, an unknown call, closeStream and a stream that is used again."""
    with house() as server, Publisher(server), Viewer(server) as viewer:
        viewer.command("getStreamLength", 10, None, "cam")
        same(viewer.until("_result")[1:], [10, None, 0], "getStreamLength")
        viewer.command("nonsense", 11, None)
        same(viewer.until("_error")[3]["code"], "NetConnection.Call.Failed", "an unknown call")
        for question in ("checkBandwidth", "_checkbw"):
            viewer.command(question, 12, None)
            viewer.asked()
        viewer.order("closeStream")
        server.wait_line("closed live/cam: player left")
        viewer.order("play", "cam", -2000)
        viewer.status("NetStream.Play.Start")
