local common = {}
return scenario { title = common.names.title }
