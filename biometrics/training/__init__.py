"""Training of Duet's own speaker encoder: distillation of a wide-band teacher into a telephone-band student."""


def main(argv: list[str]) -> int:
    """Run the train command; answers the exit code. Imported late, because torch takes seconds to load."""
    from biometrics.training.command import main as command

    return command(argv)
