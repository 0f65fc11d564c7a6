# spdep on 100,000 cells of make_data.py: Rscript hotspots_peers.R FOLDER prints a line of JSON. Neighbors are made before the clock starts.
suppressMessages(library(spdep))
folder <- commandArgs(TRUE)[1]; cols <- 250; rows <- 400
file <- file.path(folder, "xy.f64")
m <- matrix(readBin(file, "double", file.size(file) / 8), ncol = 2, byrow = TRUE)
col <- pmin(floor((m[, 1] - 268000) / 40), cols - 1); row <- pmin(floor((m[, 2] - 302000) / 40), rows - 1)
counts <- tabulate(row * cols + col + 1, cols * rows)
# A ring of NA around the numbers of the cells, so that neighbors are eight shifts.
ring <- matrix(NA, rows + 2, cols + 2); ring[2:(rows + 1), 2:(cols + 1)] <- matrix(seq_len(cols * rows), rows, byrow = TRUE)
shift <- expand.grid(-1:1, -1:1)
all <- do.call(cbind, lapply(seq_len(9), function(s) as.vector(t(ring[2:(rows + 1) + shift[s, 1], 2:(cols + 1) + shift[s, 2]]))))
nb <- lapply(split(all, row(all)), function(l) sort(l[!is.na(l)]))
nb <- structure(unname(nb), class = "nb", region.id = as.character(seq_along(nb)), self.included = TRUE)
listw <- nb2listw(nb, style = "B")
seconds <- replicate(5, { t <- system.time(z <<- localG(counts, listw)); t[["user.self"]] + t[["sys.self"]] })
cat(sprintf('{"name": "spdep-gi", "cpu": %g, "found": %d}\n', median(seconds), sum(z > 1.96)))
