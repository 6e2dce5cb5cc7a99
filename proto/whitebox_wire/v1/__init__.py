"""Generated messages (`make proto`). Only `whitebox_wire.codec` reads them."""
