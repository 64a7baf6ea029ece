"""The one exception tree of HyperDust.

Everything this package refuses is an :class:`Error`. Where Python or Gymnasium has a
customary class for the same mistake, the error is one of those too, so that ``except ValueError`` and
``except gymnasium.error.ResetNeeded`` keep working. Each message says what to do.

Python, NumPy and Gymnasium raise their own errors before a call gets here: for an argument of the wrong
Python type, an integer too large or negative where a count or an index is due, an unknown autoreset mode, a
single negative seed (``gymnasium.error.Error``), or a file that cannot be read or written (``OSError``).
"""

import gymnasium.error


class Error(Exception):
    """Base of every error of this package."""


class ActionError(Error, ValueError):
    """The action has a wrong shape or type, or holds a NaN or an infinity. Nothing was stepped."""


class SeedError(Error, ValueError, gymnasium.error.Error):
    """A list of seeds has the wrong length or holds a negative one."""


class MaskError(Error, ValueError, TypeError):
    """A reset mask has a wrong shape or type, or resets nothing."""


class LaneError(Error, ValueError, IndexError):
    """There is no such lane, there cannot be so many, or lanes were to differ in what they share."""


class ResetNeeded(Error, gymnasium.error.ResetNeeded):
    """The call needs a running episode: call ``reset()`` first."""


class ClosedError(Error, gymnasium.error.ClosedEnvironmentError):
    """The environment was closed: make a new one."""


class SceneError(Error, ValueError):
    """A scene, robot file or blueprint is wrong; the message names file, place and what is accepted."""


class ParameterError(SceneError):
    """A scene has no such parameter, or the value is of the wrong kind or out of range."""


class UnknownParameterError(ParameterError, TypeError):
    """A scene has no such parameter. A ``TypeError`` too, as of any call with an unexpected keyword argument:
    TorchRL, which tries ``frameskip=1`` on every environment, looks for just that."""


class StateError(Error, ValueError):
    """A state cannot be set: malformed, of another scene, or of the wrong length."""


class EpisodeError(Error, ValueError):
    """An episode is malformed, of another version, or was not recorded."""


class ReplayError(Error, RuntimeError):
    """A replay differs from its recording.

    Attributes:
        report: The :class:`hyperdust.ReplayReport`, with the first diverging step.
    """

    def __init__(self, message, report=None):
        super().__init__(message)
        self.report = report


class RenderError(Error, RuntimeError):
    """No frame can be drawn: no such ``render_mode``, none was given, or a width or height out of range."""


class PolicyError(Error, ValueError):
    """A policy's file is none, nobody hosts a policy of that name, it does not fit the scene, or observations are no rows of it."""


class DatasetError(Error, ValueError):
    """No data set can be made of this: no episodes, episodes of several scenes, or a target that already exists."""


class MissingLibraryError(Error, ImportError):
    """A data set's format needs a library that is not installed; the message says which extra brings it."""


class RemoteError(Error, ConnectionError):
    """A server refused a call, or did not answer as it should.

    Attributes:
        code: The server's error code, as its protocol names it; ``None``: it did not say.
        retryable: Whether the same call may succeed later.
        retry_after: Not before so many seconds; ``None``: it did not say.
    """

    def __init__(self, message, code=None, retryable=False, retry_after=None):
        super().__init__(message)
        self.code = code
        self.retryable = retryable
        self.retry_after = retry_after

    def __reduce__(self):
        return type(self), (str(self), self.code, self.retryable, self.retry_after)


class AddressError(Error, ValueError):
    """Not an address of a server: "tcp://HOST:PORT" and "ipc://PATH" are."""


class RemoteTimeout(RemoteError, TimeoutError):
    """No answer in time. What is pending stays pending: wait again."""


class SessionLost(RemoteError):
    """The session cannot go on here: another connection took it over, or the server forgot it."""


class AccessError(RemoteError, PermissionError):
    """The server does not let this client do that: a key that is missing or not in its list, or a role that is too low."""


class PendingError(Error, RuntimeError):
    """Requests are pending that must be waited for first, too many of them, or none where one is waited for."""


class AmountError(Error, ValueError):
    """Not an amount of money: a text with a number of coins (``"0.01"``) or a number and a unit, and an int of wei are."""


class ChainError(Error, RuntimeError):
    """A chain, its node, a wallet or a deployment refused something, or took too long; or nobody there sells what was asked for.

    Attributes:
        retryable: Whether the same may succeed later, with nothing changed.
    """

    def __init__(self, message, retryable=False):
        super().__init__(message)
        self.retryable = retryable

    def __reduce__(self):
        return type(self), (str(self), self.retryable)


class BudgetExceeded(Error, RuntimeError):
    """The next step would cost more than is left of the budget. Nothing was stepped; the session can still be closed, which pays for all that was made.

    Attributes:
        budget: What may be spent, in wei.
        spent: What the units that were made cost, in wei.
        units: Units that were made. A unit is a step of one lane.
        left: How many more could be paid: fewer than there are lanes.
    """

    def __init__(self, message, budget=0, spent=0, units=0, left=0):
        super().__init__(message)
        self.budget = budget
        self.spent = spent
        self.units = units
        self.left = left

    def __reduce__(self):
        return type(self), (str(self), self.budget, self.spent, self.units, self.left)
