# R's dbscan on the points of make_data.py: Rscript clusters_peers.R FOLDER prints lines of JSON. What takes long is done once.
suppressMessages(library(dbscan))
file <- file.path(commandArgs(TRUE)[1], "xy.f64")
at <- matrix(readBin(file, "double", file.size(file) / 8), ncol = 2, byrow = TRUE)
timed <- function(name, n, eps, least, laps) {
  points <- at[seq_len(n), ]
  seconds <- replicate(laps, { t <- system.time(fit <<- dbscan::dbscan(points, eps, least)); t[["user.self"]] + t[["sys.self"]] })
  cat(sprintf('{"name": "%s", "cpu": %g, "found": %d}\n', name, median(seconds), max(fit$cluster)))
}
timed("r-dbscan-100k", 1e5, 100, 20, 5)
timed("r-dbscan-1m", nrow(at), 25, 20, 3)
timed("r-dbscan-1m-wide", nrow(at), 100, 200, 1)
