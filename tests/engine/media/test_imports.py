"""What importing the media modules may cost: the server imports them before it answers."""

import subprocess
import sys


def test_probing_loads_no_heavy_library() -> None:
    script = (
        "import sys\nfrom engine.media import grid, join, retime, stills, video_probe, video_read, video_write\n"
        "print(*({'cv2', 'PIL.Image', 'imageio_ffmpeg', 'torch', 'PySide6', 'pydantic'} & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True, timeout=60)
    assert done.stdout.split() == []
