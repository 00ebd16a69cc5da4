-- What resources cost, USD an hour. Override by giving a replica's price as a number of USD an hour.
-- vcpu: the middle of 0.03-0.05 USD/h that public clouds ask for a general-purpose virtual core.
-- GPUs: the middle of on-demand list prices for one card with its host.
return {
  vcpu = 0.04,
  A10G = 2.00,
  L4   = 0.80,
  A100 = 3.50,
  H100 = 6.00,
}
