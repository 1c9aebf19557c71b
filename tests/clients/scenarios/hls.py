# SPDX-License-Identifier: MIT
"""Streams over HLS: the same frames at the same times as published, playlists by the book, nothing before its time."""

import contextlib
import json
import re
import socket
import subprocess
import threading
import time

from media import packets, parse_framehash, same, sample
from peers import FFMPEG7, Peer, Player, publish
from rtmp import Client
from scenario import scenario
from scenarios.flv import get, live
from scenarios.lua import expect, scripted
from server import HANG, Failure, wait_for

LIVE = "/live/cam.hls/live.m3u8"


def playlist(server, query="", path=LIVE, status=200):
    found, head, body = get(server.port, path + query)
    if found != status:
        raise Failure(f"{path}{query}: {found} {body}")
    return body.decode()


def newest(text):
    """(segment, part) that comes next."""
    number, part = re.search(r'#EXT-X-PRELOAD-HINT:TYPE=PART,URI="p(\d+)\.(\d+)\.m4s"', text).groups()
    return int(number), int(part)


def judge(text):
    """The rules of RFC 8216bis that a playlist shows by itself."""
    lines = text.splitlines()
    assert lines[0] == "#EXTM3U" and "#EXT-X-VERSION:9" in lines, lines[:3]
    target = int(re.search(r"#EXT-X-TARGETDURATION:(\d+)", text).group(1))
    part_target = float(re.search(r"#EXT-X-PART-INF:PART-TARGET=([\d.]+)", text).group(1))
    control = dict(pair.split("=") for pair in re.search(r"#EXT-X-SERVER-CONTROL:(.*)", text).group(1).split(","))
    assert control["CAN-BLOCK-RELOAD"] == "YES" and float(control["PART-HOLD-BACK"]) >= 3 * part_target, control
    assert float(control["CAN-SKIP-UNTIL"]) >= 6 * target, control
    number = int(re.search(r"#EXT-X-MEDIA-SEQUENCE:(\d+)", text).group(1))
    skipped = re.search(r"#EXT-X-SKIP:SKIPPED-SEGMENTS=(\d+)", text)
    number += int(skipped.group(1)) if skipped else 0
    assert skipped or any(line.startswith("#EXT-X-MAP") for line in lines), text
    parts = []
    for line in lines:
        if line.startswith("#EXT-X-PART:"):
            duration, uri = re.match(r'#EXT-X-PART:DURATION=([\d.]+),URI="([^"]+)"', line).groups()
            assert uri == f"p{number}.{len(parts)}.m4s", (uri, number, parts)
            assert float(duration) <= part_target + 0.05, line
            assert parts or not line.endswith('.0.m4s"') or "INDEPENDENT" in line or number, line
            parts.append(float(duration))
        elif line.startswith("#EXTINF:"):
            duration = float(line[8:-1])
            assert round(duration) <= target, line
            assert not parts or abs(sum(parts) - duration) < 0.002, (parts, duration)
            assert all(part >= 0.85 * part_target - 0.04 for part in parts[:-1]), parts  # 30 frames a second
        elif line.startswith("s"):
            assert line == f"s{number}.m4s", (line, number)
            number, parts = number + 1, []
    if "#EXT-X-ENDLIST" not in lines:
        assert newest(text) == (number, len(parts)), (newest(text), number, parts)
    return number


@contextlib.contextmanager
def fetched(server):
    """The newest playlist and all segments and parts, followed as a player does, until the stream ends."""
    seen = {"texts": [], "parts": [], "error": None}

    def follow():
        try:
            text = playlist(server)
            while True:
                seen["texts"].append(text)
                if "#EXT-X-ENDLIST" in text:
                    return
                number, part = newest(text)
                status, _, body = get(server.port, f"/live/cam.hls/p{number}.{part}.m4s")
                if status == 200:
                    seen["parts"].append((number, part, body))
                text = playlist(server, f"?_HLS_msn={number}&_HLS_part={part}")
        except BaseException as error:  # told by the scenario's thread
            seen["error"] = error
    thread = threading.Thread(target=follow)
    thread.start()
    yield seen
    thread.join(HANG)
    if seen["error"]:
        raise seen["error"]


def there(name, *ffmpeg):
    """What ffmpeg plays over HLS is what was published, frame for frame and time for time."""
    path = sample(name, 6, *ffmpeg)
    with live("app.live.linger=0") as server:
        with publish(path, server.url(key=True), **({"ffmpeg": ffmpeg[0]} if ffmpeg else {})) as source:
            server.wait_line("publishing live/cam")
            with Peer([*(ffmpeg[0] if ffmpeg else ["ffmpeg", "-hide_banner", "-nostdin", "-loglevel", "error"]), "-copyts",
                       "-live_start_index", "0", "-i", f"http://127.0.0.1:{server.port}/live/cam.m3u8", "-map", "0:v?", "-map", "0:a?",
                       "-c", "copy", "-copyts", "-f", "framehash", "-hash", "md5", "-"]) as player:
                source.wait()
                played = player.wait()
    same(packets(path, **({"ffmpeg": ffmpeg[0]} if ffmpeg else {})), parse_framehash(played))


@scenario
def hls_h264_aac():
    there("h264-aac")


@scenario
def hls_h264_mp3():
    there("h264-mp3")


@scenario
def hls_audio_alone():
    there("aac")


@scenario
def hls_mp3_alone():
    there("mp3")


@scenario
def hls_video_alone():
    there("h264")


@scenario
def hls_hevc():
    there("hevc-aac", FFMPEG7)


@scenario
def hls_av1():
    there("av1-aac", FFMPEG7)


@scenario
def hls_vp9():
    there("vp9-aac", FFMPEG7)


def there_as_ts(name, *ffmpeg):
    """The same frames as transport streams. Sound's times count on from the first frame of a packet: within 2 ms."""
    path = sample(name, 6, *ffmpeg)
    with live("app.live.linger=0") as server:
        with publish(path, server.url(key=True), **({"ffmpeg": ffmpeg[0]} if ffmpeg else {})) as source:
            server.wait_line("publishing live/cam")
            with Peer([*(ffmpeg[0] if ffmpeg else ["ffmpeg", "-hide_banner", "-nostdin", "-loglevel", "error"]), "-live_start_index", "0",
                       "-i", f"http://127.0.0.1:{server.port}/live/cam.m3u8?format=ts", "-map", "0:v?", "-map", "0:a?",
                       "-c", "copy", "-f", "framehash", "-hash", "md5", "-"]) as player:
                source.wait()
                played = player.wait()
    return path, parse_framehash(played)


@scenario
def hls_ts_video_as_published():
    """What a picture's decoder gets is the same, its parameter sets aside: as many frames, at the same distances."""
    for name, *ffmpeg in (("h264-aac",), ("hevc-aac", FFMPEG7)):
        path, played = there_as_ts(name, *ffmpeg)
        for kind, tolerance in (("video", 1), ("audio", 2)):
            sent = [packet for packet in packets(path, **({"ffmpeg": ffmpeg[0]} if ffmpeg else {})) if packet[0] == kind]
            got = [packet for packet in played if packet[0] == kind]
            assert len(sent) == len(got) > 100, (name, kind, len(sent), len(got))
            for mine, its in zip(sent, got):
                assert abs((mine[1] - sent[0][1]) - (its[1] - got[0][1])) <= tolerance, (name, kind, mine, its)


@scenario
def hls_ts_sound_as_published():
    """MP3 is carried as it is: byte for byte, from where it was joined."""
    path, played = there_as_ts("mp3")
    sent = packets(path)
    one, other = [packet[-1] for packet in sent], [packet[-1] for packet in played]
    assert len(other) > 100 and one[-len(other):] == other, (len(one), len(other))


@scenario
def hls_ts_for_old_players():
    with live() as server, publish(sample("h264-aac", 20), server.url(key=True)) as source:
        server.wait_line("publishing live/cam")
        master = playlist(server, path="/live/cam.m3u8?format=ts")
        assert "#EXT-X-VERSION:3\n" in master and "\ncam.hls/ts/live.m3u8\n" in master, master
        text = playlist(server, path="/live/cam.hls/ts/live.m3u8")
        assert "PART" not in text and "EXT-X-MAP" not in text, text
        status, head, body = get(server.port, "/live/cam.hls/ts/" + re.search(r"^s\d+\.ts$", text, re.MULTILINE).group())
        assert status == 200 and "video/mp2t" in str(head).lower(), head
        assert len(body) % 188 == 0 and set(body[::188]) == {0x47}, len(body)
        for path, status in (("/live/cam.m3u8?format=mkv", 400), ("/live/cam.hls/ts/i1.mp4", 404), ("/live/cam.hls/ts/p1.0.m4s", 404),
                             ("/live/cam.hls/ts/ts/live.m3u8", 404), ("/live/cam.hls/v1/live.m3u8", 404), ("/live/cam.hls/v1/v1/live.m3u8", 404),
                             ("/live/cam.hls/ts/s1.m4s", 404), ("/live/cam.hls/s1.ts", 404), ("/live/cam.hls/vx/live.m3u8", 404)):
            found = get(server.port, path)[0]
            assert found == status, (path, found)
        source.stop()


@scenario
def hls_always():
    """Segments are there before anybody asks, and stay while nobody does; another application makes none."""
    with live("app.live.hls=always", "app.other.type=live", "log.level=debug") as server:
        with publish(sample("h264-aac", 12), server.url(key=True)) as source:
            server.wait_line("live/cam: segments are made|segments are made")
            server.wait_line("publishing live/cam")
            time.sleep(5)
            began = time.monotonic()
            text = playlist(server)
            assert len(re.findall(r"^s\d+\.m4s$", text, re.MULTILINE)) >= 2, text
            assert time.monotonic() - began < 1, "the first viewer waited"
            source.stop()
        with publish(sample("h264-aac", 12), server.url("cam", key=True).replace("/live/", "/other/")) as source:
            server.wait_line("publishing other/cam")
            source.stop()
        assert not any("segments are made" in line and "other/cam" in line for line in server.lines)


@scenario(long=True)
def soak_hls_ends_when_nobody_asks():
    """A minute after the last request segments are made no more; where they are always wanted, they are."""
    with live("app.show.type=live", "app.show.hls=always", "log.level=debug") as server:
        path = sample("h264-aac", 100)
        with publish(path, server.url(key=True)) as one, publish(path, server.url(key=True).replace("/live/", "/show/")) as other:
            server.wait_line("publishing live/cam")
            server.wait_line("publishing show/cam")
            for name in ("live", "show"):
                playlist(server, path=f"/{name}/cam.hls/live.m3u8")
            time.sleep(64)
            for name in ("live", "show"):
                playlist(server, path=f"/{name}/cam.hls/live.m3u8")
            one.stop()
            other.stop()
        made = [sum("segments are made" in line and f"{name}/cam" in line for line in server.lines) for name in ("live", "show")]
        assert made == [2, 1], made


@scenario
def hls_by_the_book():
    """A player that follows part by part: each playlist keeps the rules, parts make up segments byte for byte."""
    with live("app.live.linger=0") as server:
        with publish(sample("h264-aac", 12), server.url(key=True)) as source:
            server.wait_line("publishing live/cam")
            with fetched(server) as seen:
                source.wait()
        ends = [judge(text) for text in seen["texts"]]
        assert ends == sorted(ends) and len(ends) > 15, ends
        segments = [int(number) for number in re.findall(r"^s(\d+)\.m4s$", seen["texts"][-1], re.MULTILINE)]
        assert len(segments) >= 5, segments
        init = get(server.port, "/live/cam.hls/i1.mp4")[2]
        whole = 0
        for number in segments:
            body = get(server.port, f"/live/cam.hls/s{number}.m4s")[2]
            mine, at = [part for segment, _, part in seen["parts"] if segment == number], 0
            for part in mine:  # on a busy machine the player may have come too late for one of them
                at = body.find(part, at)
                if at < 0:
                    raise Failure(f"the parts of segment {number} are not the segment")
                at += len(part)
            whole += body == b"".join(mine)
        assert whole >= len(segments) // 2, whole
        probe = subprocess.run(["ffprobe", "-v", "error", "-show_streams", "-of", "json", "-"], input=init + body,
                               capture_output=True, timeout=HANG, check=True)
        assert [s["codec_name"] for s in json.loads(probe.stdout)["streams"]] == ["h264", "aac"]
        assert "#EXT-X-ENDLIST" in playlist(server)  # and it stays for those who are behind


@scenario
def hls_waits_for_what_is_to_come():
    with live() as server, publish(sample("h264-aac", 20), server.url(key=True)) as source:
        server.wait_line("publishing live/cam")
        number, part = newest(playlist(server))
        later = playlist(server, f"?_HLS_msn={number + 1}")  # a whole segment more
        assert f"\ns{number + 1}.m4s" in later, later
        assert get(server.port, f"{LIVE}?_HLS_msn={number + 100}")[0] == 400
        for wrong in ("?_HLS_msn=x", "?_HLS_part=1", f"?_HLS_msn={number}&_HLS_part=-1", "?_HLS_msn=99999999999999999999999"):
            assert get(server.port, LIVE + wrong)[0] == 400, wrong
        number, part = newest(playlist(server))
        assert get(server.port, f"/live/cam.hls/p{number}.{part}.m4s")[0] == 200
        assert get(server.port, f"/live/cam.hls/p{number + 7}.0.m4s")[0] == 404
        source.stop()


@scenario
def hls_another_publisher():
    """A discontinuity, a new header, numbers that go on; and a codec that changes."""
    with live() as server:
        for i, name in enumerate(("h264-aac", "h264-aac", "aac")):
            with publish(sample(name), server.url(key=True)) as source:
                server.wait_line("publishing live/cam", count=i + 1)
                wait_for(lambda: playlist(server).count("#EXT-X-MAP") == i + 1, f"epoch {i + 1}")
                source.wait()
        text = playlist(server)
        assert text.count("#EXT-X-DISCONTINUITY\n") == 2, text
        assert judge(text)
        headers = [get(server.port, f"/live/cam.hls/{name}")[2] for name in re.findall(r'MAP:URI="([^"]+)"', text)]
        assert len(headers) == 3 and headers[0] == headers[1] != headers[2], [len(h) for h in headers]


@scenario
def hls_refusals():
    with live("app.quiet.type=live", "app.quiet.hls=false") as server:
        for path, status in (("/live/cam.m3u8", 404), (LIVE, 404), ("/quiet/cam.m3u8", 403), ("/chat/cam.m3u8", 404), ("/chat/cam.hls/live.m3u8", 403), ("/chat/cam.hls/" + "0" * 32 + "/live.m3u8", 403),
                             ("/live/cam.hls/" + "0" * 32 + "/live.m3u8", 404),
                             ("/none/cam.m3u8", 404), ("/live/.m3u8", 404), ("/live/a/../b.m3u8", 404), ("/live.m3u8", 404),
                             ("/live/cam.hls/i0.mp4", 404), ("/live/cam.hls/s.m4s", 404), ("/live/cam.hls/p1.m4s", 404),
                             ("/live/cam.hls/../../x.mp4", 404), ("/live/cam.hls/s99999999999999999999.m4s", 404)):
            found = get(server.port, path)[0]
            assert found == status, (path, found)
        assert get(server.port, "/live/cam.m3u8", method="HEAD")[0] == 404


@scenario
def hls_many_wait():
    """A thousand blocked reloads: all are answered, and who leaves before costs nothing."""
    with live("limits.connections_per_source=2000") as server, publish(sample("h264-aac", 20), server.url(key=True)) as source:
        server.wait_line("publishing live/cam")
        number, _ = newest(playlist(server))
        before = server.descriptors()
        ask = f"GET {LIVE}?_HLS_msn={number + 1} HTTP/1.1\r\nHost: 127.0.0.1:{server.port}\r\nConnection: close\r\n\r\n"
        with contextlib.ExitStack() as stack:
            callers = [stack.enter_context(socket.create_connection(("127.0.0.1", server.port), HANG)) for _ in range(1000)]
            for caller in callers:
                caller.sendall(ask.encode())
            for caller in callers[:500]:
                caller.close()
            for caller in callers[500:]:
                answer = b""
                while data := caller.recv(65536):
                    answer += data
                assert answer.startswith(b"HTTP/1.1 200") and f"s{number + 1}.m4s".encode() in answer, answer[:200]
        wait_for(lambda: server.descriptors() <= before, "all have left")
        source.stop()


GUARD = """
local game, log = {calls = {}}, {}
local function note(...) log[#log + 1] = table.concat({...}, " ") end
function game.connect(member) note("connect", member.protocol, member.query) end
function game.disconnect(member, reason) note("disconnect", member.protocol, reason) end
function game.play(room, member, name, query)
  note("play", name, query.pass or "")
  if query.pass ~= "good" then return false, "Show the pass." end
  if name == "other" then return {name = "cam"} end
end
function game.stop(room, member, name) note("stop", name) end
function game.calls.log() local l = log log = {} return l end
function game.calls.stop() return playhouse.streams.stop("game/cam") end
function game.calls.kick() for member in playhouse.members() do if member.protocol == "hls" then member:kick() end end end
return game
"""


@scenario
def hls_where_an_application_decides():
    """The first playlist waits for the application; what it grants lies below a token, under the asked name."""
    with scripted(GUARD, open_publish=True, observed=False) as (server, _), Client(server.port) as spy:
        spy.connect("game")

        def told():
            return [line for line in spy.call("log") if "rtmp" not in line]
        with publish(sample("h264-aac"), server.url("cam", app="game")):
            server.wait_line("publishing")
            status, _, body = get(server.port, "/game/cam.m3u8?pass=bad&key=secret")
            assert (status, b"Show the pass" in body) == (403, True), (status, body)
            heard = []
            wait_for(lambda: heard.extend(told()) or len(heard) == 3, "the refused one is gone")
            expect(heard, ["connect hls pass=bad", "play cam bad", "disconnect hls left"])
            for name in ("cam", "other"):
                master = playlist(server, path=f"/game/{name}.m3u8?pass=good")
                uri = re.search(rf"^({name}\.hls/[0-9a-f]{{32}}/)live\.m3u8$", master, re.MULTILINE).group(1)
                text = wait_for(lambda: playlist(server, path=f"/game/{uri}live.m3u8"), "the playlist")
                number, _ = newest(text)
                assert get(server.port, f"/game/{uri}i1.mp4")[0] == 200
                playlist(server, f"?_HLS_msn={number}&_HLS_part=0", path=f"/game/{uri}live.m3u8")
                assert get(server.port, f"/game/{uri}p{number}.0.m4s")[0] == 200
            assert get(server.port, "/game/cam.hls/live.m3u8")[0] == 403
            assert get(server.port, f"/game/{uri[:-3]}xx/live.m3u8")[0] == 403
            expect(told(), ["connect hls pass=good", "play cam good", "connect hls pass=good", "play other good"])
            spy.call("kick")
            wait_for(lambda: get(server.port, f"/game/{uri}live.m3u8")[0] == 403, "who was kicked is out")
            with Player(f"http://127.0.0.1:{server.port}/game/cam.m3u8?pass=good") as seen:
                seen.begun()


@scenario
def hls_guests_have_an_end():
    """Those that one worker has of streams that applications decide about; the next one is told so."""
    most, each = 10000, 500
    with scripted("return {}", "workers=1", observed=False) as (server, _):
        answers = b""
        for _ in range(most // each + 1):
            with socket.create_connection(("127.0.0.1", server.port), timeout=HANG) as sock:
                sock.sendall(b"GET /game/none.m3u8 HTTP/1.1\r\nHost: localhost\r\n\r\n" * (each - 1) +
                             b"GET /game/none.m3u8 HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")
                while data := sock.recv(1 << 16):
                    answers += data
        expect([answers.count(b"HTTP/1.1 404 "), answers.count(b"HTTP/1.1 503 ")], [most, each])
        assert b"too many viewers" in answers
