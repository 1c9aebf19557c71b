# SPDX-License-Identifier: MIT
"""TLS on the ports of everybody: RTMPS, HTTPS and WSS with the programs that people use."""

import contextlib
import os
import re
import shutil
import signal
import subprocess
import tempfile

from media import packets, same, sample
from peers import Peer, Player, publish
from scenario import scenario
from scenarios.flv import live
from scenarios.pages import HERE
from scenarios.sdk import NODE, SDK
from server import HANG, Failure, Server, free_port, wait_for


def playhouse(*arguments, status=0):
    done = subprocess.run([Server.binary, *arguments], capture_output=True, text=True, timeout=HANG)
    if done.returncode != status:
        raise Failure(f"playhouse {' '.join(arguments)} ended with {done.returncode}: {done.stderr}")
    return done


@contextlib.contextmanager
def certified(*names):
    """A folder with a certificate for these names, by the tool."""
    with tempfile.TemporaryDirectory(prefix="playhouse-tls-") as folder:
        playhouse("cert", "-o", folder, *names)
        yield folder


def options(folder):
    return [f"tls.certificate={folder}/playhouse.crt", f"tls.key={folder}/playhouse.key"]


def fetch(folder, server, path, *more, port=None):
    done = subprocess.run(["curl", "-sS", "--max-time", str(HANG), "--cacert", f"{folder}/playhouse.crt", *more,
                           f"https://localhost:{port or server.port}{path}"], capture_output=True, text=True, timeout=2 * HANG)
    return done.stdout if done.returncode == 0 else f"curl: {done.stderr}"


@scenario
def tls_ffmpeg_there_and_back():
    path = sample("h264-aac")
    with certified() as folder, live(*options(folder)) as server, \
            publish(path, server.url(key=True).replace("rtmp:", "rtmps:")) as source:
        server.wait_line("publishing live/cam")
        with Player(server.url().replace("rtmp:", "rtmps:")) as secure, Player(server.url()) as plain:
            source.wait()
            same(packets(path), secure.packets())
            same(packets(path), plain.packets())


@scenario
def tls_rtmpdump_and_gstreamer():
    with certified() as folder, live(*options(folder)) as server, tempfile.TemporaryDirectory() as out:
        with publish(sample("h264-aac"), server.url(key=True)) as source:
            server.wait_line("publishing live/cam")
            url = server.url().replace("rtmp:", "rtmps:")
            with Peer(["rtmpdump", "--live", "-q", "-r", url, "-o", f"{out}/dump.flv"]) as dump, \
                    Peer(["gst-launch-1.0", "-q", "rtmp2src", f"location={url}", "tls-validation-flags=0", "!", "filesink",
                          f"location={out}/gst.flv"]) as gst:
                server.wait_line("playing live/cam", count=2)
                source.wait()
                wait_for(lambda: min(os.path.getsize(f"{out}/{name}.flv") for name in ("dump", "gst")) > 100000, "both files")
                dump.stop()
                gst.stop()
        for name in ("dump", "gst"):
            same(packets(sample("h264-aac")), packets(f"{out}/{name}.flv"), times="shifted", to_end=False)


JOIN = """
import { connect } from "SDK/index.js";
const room = await connect(process.env.URL);
await room.call("identify", "Ann");
console.log("said");
process.exit(0);
""".replace("SDK", SDK)


@scenario
def tls_https_and_wss():
    with certified() as folder, live(*options(folder)) as server, publish(sample("h264-aac", 20), server.url(key=True)) as source:
        server.wait_line("publishing live/cam")
        assert "<video" in fetch(folder, server, "/watch/live/cam")
        assert "#EXTM3U" in fetch(folder, server, "/live/cam.m3u8")
        assert "ok" in fetch(folder, server, "/healthz", port=server.local_port)
        both = fetch(folder, server, "/watch/live/cam", f"https://localhost:{server.port}/live/cam.m3u8")
        assert "<video" in both and "#EXTM3U" in both  # on one connection
        assert "certificate" in fetch("/etc/ssl/certs/missing", server, "/watch/live/cam")
        done = subprocess.run([NODE, "--input-type=module", "-e", JOIN], capture_output=True, text=True, timeout=HANG,
                              env={**os.environ, "NODE_EXTRA_CA_CERTS": f"{folder}/playhouse.crt",
                                   "URL": f"wss://localhost:{server.port}/ws/chat/blue"})
        if "said" not in done.stdout:
            raise Failure(done.stderr)
        source.stop()


@scenario(alone=True)
def tls_in_a_browser():
    """The page over HTTPS, its stream over WSS."""
    with certified() as folder, live(*options(folder)) as server, publish(sample("h264-aac", 20), server.url(key=True)) as source:
        server.wait_line("publishing live/cam")
        with Peer([NODE, os.path.join(HERE, "browser/watch.mjs")],
                  env={"PAGE": f"https://localhost:{server.port}/watch/live/cam", "MODULES": os.path.join(HERE, "node_modules"),
                       "BROWSER_FLAGS": "--ignore-certificate-errors"}) as browser:
            browser.wait()
        source.stop()


def offered(port, *arguments):
    done = subprocess.run(["openssl", "s_client", "-connect", f"127.0.0.1:{port}", *arguments], input="", capture_output=True,
                          text=True, timeout=HANG)
    return done.stdout + done.stderr


@scenario
def tls_versions_and_names():
    with certified("one.example") as one, certified("*.two.example", "10.1.2.3") as two:
        with live(f"tls.certificate={one}/playhouse.crt, {two}/playhouse.crt",
                  f"tls.key={one}/playhouse.key, {two}/playhouse.key") as server:
            assert "TLSv1.3" in offered(server.port) and "TLSv1.2" in offered(server.port, "-tls1_2")
            for refused in (["-tls1_1"], ["-tls1"], ["-tls1_2", "-cipher", "AES128-SHA"],
                            ["-tls1_2", "-cipher", "ECDHE-ECDSA-AES128-SHA256"]):
                found = offered(server.port, *refused)
                assert "Cipher is (NONE)" in found, (refused, found[-300:])
            for asked, shown in (("one.example", "one.example"), ("a.two.example", "*.two.example"), ("x.y", "one.example")):
                assert f"CN = {shown}" in offered(server.port, "-servername", asked), asked


@scenario
def tls_certificates_are_exchanged():
    """SIGHUP: newcomers see the new one, who plays goes on; a bad one changes nothing."""
    path = sample("h264-aac")
    with certified("old.example") as folder, certified("new.example") as fresh:
        with live(*options(folder)) as server, publish(path, server.url(key=True).replace("rtmp:", "rtmps:")) as source:
            server.wait_line("publishing live/cam")
            with Player(server.url().replace("rtmp:", "rtmps:")) as viewer:
                viewer.begun()
                for name in ("playhouse.crt", "playhouse.key"):
                    shutil.copy(f"{fresh}/{name}", f"{folder}/{name}")
                server.process.send_signal(signal.SIGHUP)
                wait_for(lambda: "CN = new.example" in offered(server.port), "the new certificate")
                with open(f"{folder}/playhouse.crt", "w", encoding="ascii") as file:
                    file.write("nonsense\n")
                server.process.send_signal(signal.SIGHUP)
                server.wait_line("playhouse.crt: no certificate can be read.*the certificates from before stay")
                assert "CN = new.example" in offered(server.port)
                source.wait()
                same(packets(path), viewer.packets())


@scenario
def tls_alone_or_not_at_all():
    with certified() as folder:
        secure = free_port()
        with live(*options(folder), "listen.media.tls=off", f"listen.secure.address=127.0.0.1:{secure}",
                  "listen.secure.tls=required") as server:
            assert "curl: " in fetch(folder, server, "/watch/live/cam")
            assert "<video" in fetch(folder, server, "/watch/live/cam", port=secure)
            plain = subprocess.run(["curl", "-sS", "--max-time", "20", f"http://127.0.0.1:{secure}/watch/live/cam"],
                                   capture_output=True, text=True, timeout=HANG)
            assert plain.returncode != 0, plain.stdout
            with publish(sample("h264-aac"), f"rtmps://127.0.0.1:{secure}/live/cam?key={server.key}") as source:
                server.wait_line("publishing live/cam")
                source.stop()


@scenario
def tls_mistakes_are_told():
    def refused(*sets):
        done = playhouse("serve", "--state", folder + "/state", *[word for one in sets for word in ("--set", one)], status=2)
        assert done.stderr.count("\n") == 1, done.stderr
        return done.stderr

    with certified("a.example") as folder, certified("b.example") as other:
        assert "there is no certificate; set tls.certificate" in refused("listen.media.tls=required")
        assert "/none.pem: no certificate can be read" in refused("tls.certificate=/none.pem")
        assert "no key in PEM" in refused(f"tls.certificate={folder}/playhouse.crt")
        assert "no key in PEM" in refused(f"tls.certificate={folder}/playhouse.crt", f"tls.key={other}/playhouse.key")
        assert "as many files" in refused(f"tls.certificate={folder}/playhouse.crt", "tls.key=a, b")
        assert "there already" in playhouse("cert", "-o", folder, status=1).stderr
        assert "neither the name" in playhouse("cert", "-o", folder, "a,b", status=1).stderr
        assert "No such" in playhouse("cert", "-o", "/nowhere/at/all", status=1).stderr
        assert os.stat(f"{folder}/playhouse.key").st_mode & 0o777 == 0o600


@scenario
def nginx_in_front():
    """The configuration of the manual: HTTP/2 outside, playlists that wait, streams and WebSockets through it."""
    with open(os.path.join(os.path.dirname(os.path.dirname(HERE)), "docs/proxy.md"), encoding="utf-8") as manual:
        config = re.search(r"```nginx\n(.*?)```", manual.read(), re.DOTALL).group(1)
    port = free_port()
    with certified() as folder, live() as server, publish(sample("h264-aac", 20), server.url(key=True)) as source:
        server.wait_line("publishing live/cam")
        for old, new in (("listen 443", f"listen 127.0.0.1:{port}"), ("media.example", "localhost"), ("/etc/playhouse", folder),
                         ("127.0.0.1:1935", f"127.0.0.1:{server.port}")):
            assert old in config, old
            config = config.replace(old, new)
        with open(f"{folder}/nginx.conf", "w", encoding="ascii") as file:
            file.write(f"daemon off; master_process off; pid {folder}/pid; error_log {folder}/error.log; events {{}}\n"
                       f"http {{ access_log off; client_body_temp_path {folder}/a; proxy_temp_path {folder}/b; fastcgi_temp_path "
                       f"{folder}/c; uwsgi_temp_path {folder}/d; scgi_temp_path {folder}/e;\n{config}}}\n")
        with Peer(["nginx", "-p", folder, "-c", f"{folder}/nginx.conf"]) as nginx:
            wait_for(lambda: "<video" in fetch(folder, server, "/watch/live/cam", port=port), "nginx")
            text = fetch(folder, server, "/live/cam.hls/live.m3u8", "--http2", "-w", "%{http_version}", port=port)
            assert text.endswith("2") and "#EXT-X-PRELOAD-HINT" in text, text[-200:]
            number, part = re.search(r'URI="p(\d+)\.(\d+)\.m4s"\n2?$', text).groups()
            text = fetch(folder, server, f"/live/cam.hls/live.m3u8?_HLS_msn={number}&_HLS_part={part}", "--http2", port=port)
            assert f"p{number}.{part}.m4s" in text, text[-300:]
            head = fetch(folder, server, "/live/cam.flv", "--http2", "--max-time", "3", "-o", f"{folder}/x.flv", port=port)
            assert "timed out" in head and os.path.getsize(f"{folder}/x.flv") > 50000, head
            done = subprocess.run([NODE, "--input-type=module", "-e", JOIN], capture_output=True, text=True, timeout=HANG,
                                  env={**os.environ, "NODE_EXTRA_CA_CERTS": f"{folder}/playhouse.crt",
                                       "URL": f"wss://localhost:{port}/ws/chat/blue"})
            if "said" not in done.stdout:
                raise Failure(done.stderr)
            nginx.stop()
        source.stop()
