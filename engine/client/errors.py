"""What can go wrong between a client and the engine."""


class EngineError(Exception):
    """The base of all below; problems of a request come as `ProblemsError`."""


class EngineGoneError(EngineError):
    """The engine cannot be reached, or went away during a call."""


class EngineStartError(EngineError):
    """The engine could not be started; the text says why."""


class RefusedError(EngineError):
    """The engine said no: wrong token, no such job, or a job in another state."""

    def __init__(self, status: int, reason: str) -> None:
        super().__init__(reason)
        self.status = status
