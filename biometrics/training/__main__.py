import sys

from biometrics.training import main

sys.exit(main(sys.argv[1:]))
