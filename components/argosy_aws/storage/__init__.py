"""The storage of a site: S3 buckets, and FSx for Lustre file systems."""
