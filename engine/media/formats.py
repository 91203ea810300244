"""Which files and codecs are let in: the demuxer by a file's first bytes, and the decoders ffmpeg may use."""

from engine.media.errors import MediaError

SNIFFED_BYTES = 1024
# The decoders a file may use: what cameras, editors, screen recorders and other generators write. The rest of
# ffmpeg's hundreds are game and surveillance formats, and where its memory faults are found. A codec and its decoder
# may differ in name (msmpeg4v3 and msmpeg4, flv1 and flv): both stand here, for the header names the codec.
_PICTURE = (
    "h264 hevc av1 libdav1d vp8 vp9 mpeg4 msmpeg4v2 msmpeg4v3 msmpeg4 mpeg1video mpeg2video h263 mjpeg theora prores "
    "dnxhd cfhd ffv1 huffyuv ffvhuff utvideo qtrle png gif rawvideo v210 dvvideo jpeg2000 wmv1 wmv2 wmv3 vc1 flv flv1 "
    "vp6 vp6f"
)
_SOUND = (
    "aac mp3 mp3float mp2 mp2float ac3 eac3 opus libopus vorbis flac alac wmav1 wmav2 wmapro wmalossless amrnb amrwb "
    "libopencore_amrnb libopencore_amrwb dca truehd mlp speex nellymoser adpcm_ms adpcm_ima_wav adpcm_ima_qt adpcm_swf "
    "pcm_s16le pcm_s16be pcm_s24le pcm_s24be pcm_s32le pcm_s32be pcm_f32le pcm_f32be pcm_f64le pcm_u8 pcm_s8 pcm_alaw "
    "pcm_mulaw pcm_bluray pcm_dvd"
)
PICTURE_DECODERS = frozenset(_PICTURE.split())
SOUND_DECODERS = frozenset(_SOUND.split())

_MOV_ATOMS = (b"ftyp", b"moov", b"mdat", b"wide", b"free", b"skip", b"pnot", b"styp", b"sidx", b"moof")
_MAGIC = (
    (b"\x1a\x45\xdf\xa3", "matroska"),
    (b"GIF87a", "gif"),
    (b"GIF89a", "gif"),
    (b"FLV\x01", "flv"),
    (b"OggS\0", "ogg"),
    (b"\0\0\x01\xba", "mpeg"),
    (b"\x06\x0e\x2b\x34\x02\x05\x01\x01\x0d\x01\x02\x01\x01\x02", "mxf"),
    (b"\x30\x26\xb2\x75\x8e\x66\xcf\x11\xa6\xd9\x00\xaa\x00\x62\xce\x6c", "asf"),
    (b"YUV4MPEG2 ", "yuv4mpegpipe"),
    (b"fLaC", "flac"),
    (b"ID3", "mp3"),
    (b"#!AMR", "amr"),
    (b"caff", "caf"),
)
_CHUNKED = {b"AVI ": "avi", b"WAVE": "wav", b"AIFF": "aiff", b"AIFC": "aiff"}
_SUFFIXES = {"mpegts": "ts", "mpeg": "mpg", "asf": "wmv", "yuv4mpegpipe": "y4m"}
_SOUND_SUFFIXES = {"mov": "m4a", "matroska": "mka", "ogg": "oga", "asf": "wma"}
SOUND_SUFFIXES = frozenset((*_SOUND_SUFFIXES.values(), "wav", "mp3", "flac", "aac", "aiff", "amr", "caf", "sound"))
"""Endings that only sounds have; "sound" is one in a container that usually holds pictures."""
_KNOWN = "MP4/MOV, Matroska/WebM, AVI, GIF, MPEG-TS, MPEG-PS, FLV, Ogg, MXF, WMV, Y4M nor a known sound"


def choose_demuxer(start: bytes) -> str:
    """Choose the demuxer by a file's first SNIFFED_BYTES, never by its name: a playlist stays a text file.

    Raises MediaError "unreadable" for anything that is not on the list.
    """
    if start[4:8] in _MOV_ATOMS:
        return "mov"
    if start[:4] in (b"RIFF", b"FORM", b"RF64") and start[8:12] in _CHUNKED:
        return _CHUNKED[start[8:12]]
    for magic, demuxer in _MAGIC:
        if start.startswith(magic):
            return demuxer
    for first, packet_bytes in ((0, 188), (4, 192)):  # plain transport stream, and the Blu-ray kind
        if start[first : first + 4 * packet_bytes + 1 : packet_bytes] in (b"G" * 2, b"G" * 3, b"G" * 4, b"G" * 5):
            return "mpegts"
    if len(start) > 3 and start[0] == 0xFF and start[1] & 0xE0 == 0xE0:  # 11 set bits begin a frame of either
        return "aac" if start[1] & 0xF6 == 0xF0 else "mp3"
    raise MediaError("unreadable", f"neither {_KNOWN}")


def suffix_of(demuxer: str, start: bytes) -> str:
    """Return the usual file suffix, lower case without its dot, of a file that `choose_demuxer` knows."""
    if demuxer == "mov":
        brand = start[8:11] if start[4:8] == b"ftyp" else b"qt "
        return {b"qt ": "mov", b"M4V": "m4v", b"3gp": "3gp"}.get(brand, "mp4")
    if demuxer == "matroska":
        return "webm" if b"\x42\x82\x84webm" in start[:64] else "mkv"
    return _SUFFIXES.get(demuxer, demuxer)


def sound_suffix_of(demuxer: str) -> str:
    """Return the file suffix, one of SOUND_SUFFIXES, of a file that shows nothing and is read by this demuxer."""
    suffix = _SOUND_SUFFIXES.get(demuxer, demuxer)
    return suffix if suffix in SOUND_SUFFIXES else "sound"
