// Package beam runs networks over more images than one machine can take, on Apache Beam.
package beam
